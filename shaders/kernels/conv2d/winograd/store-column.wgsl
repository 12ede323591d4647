// Points of one column, eight to a row, `step` apart.
fn store(at: u32, step: u32, column: Points) {
#unroll row < 8
  points[at + ${$row * 8}u * step] = column[$row];
#end
}
