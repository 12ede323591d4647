// y[ROWS,COLS] = exp(x) / sum over COLS of exp(x). One invocation per row.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let r = id.y * u.ROW_INVOCATIONS + id.x;
  if (r >= u.ROWS) { return; }
  let row = r * u.COLS;
  var maximum = x[row];
  for (var k = 1u; k < u.COLS; k++) { maximum = max(maximum, x[row + k]); }
  var total = 0.0;
  for (var k = 0u; k < u.COLS; k++) { total += exp(x[row + k] - maximum); }
  for (var k = 0u; k < u.COLS; k++) { y[row + k] = exp(x[row + k] - maximum) / total; }
}
