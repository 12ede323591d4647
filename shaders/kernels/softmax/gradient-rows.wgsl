// dx[ROWS,COLS] = y * (dy - sum over COLS of y * dy). One invocation per row.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let r = id.y * u.ROW_INVOCATIONS + id.x;
  if (r >= u.ROWS) { return; }
  let row = r * u.COLS;
  var sum = 0.0;
  for (var k = 0u; k < u.COLS; k++) { sum += y[row + k] * dy[row + k]; }
  for (var k = 0u; k < u.COLS; k++) { dx[row + k] = y[row + k] * (dy[row + k] - sum); }
}
