// dx[ROWS,COLS] = y * (dy - sum over COLS of y * dy). One workgroup per row, its invocations side by side along the columns.
var<workgroup> partial: array<f32, WG_X>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let row = group.x * u.COLS;
  var own = 0.0;
  for (var k = lane; k < u.COLS; k += WG_X) { own += y[row + k] * dy[row + k]; }
  partial[lane] = own;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] += partial[lane + half]; }
  }
  workgroupBarrier();
  let sum = partial[0];
  for (var k = lane; k < u.COLS; k += WG_X) { dx[row + k] = y[row + k] * (dy[row + k] - sum); }
}
