// y[N,P,C] = (x[N,P,C] - mean[N,G]) * rstd[N,G] * scale[C] + shift[C]; one invocation per cell.
// Rows are the inner loop: software adapters pay for every load, and the scale is then loaded once per channel.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let cell = id.y * u.ROW_INVOCATIONS + id.x;
  if (cell >= CELLS) { return; }
  let start = cell_start(cell);
  let origin = origin_of(start);
  var sum = x_t();
  var squares = x_t();
  for (var b = 0u; b < GB; b++) {
#if u.P == 1
    {
      const p = 0u;
#else
    for (var p = 0u; p < u.P; p++) {
#end
      let difference = x[start + p * CB + b] - origin;
      sum += difference;
      squares += difference * difference;
    }
  }
  let found = statistics(origin, sum, squares);
  keep(cell, found);
  for (var b = 0u; b < GB; b++) {
    let line = line_of(found, cell % PARTS * GB + b);
#if u.P == 1
    {
      const p = 0u;
#else
    for (var p = 0u; p < u.P; p++) {
#end
      let at = start + p * CB + b;
      y[at] = x[at] * line.factor + line.offset;
    }
  }
}
