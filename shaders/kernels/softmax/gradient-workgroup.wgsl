// dx[ROWS,COLS] = y * (dy - sum over COLS of y * dy). One workgroup per row, its invocations side by side along the columns.
alias lane_t = f32;
#include kernels/lanes.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let row = group.x * u.COLS;
  var own = 0.0;
  for (var k = lane; k < u.COLS; k += WG_X) { own += y[row + k] * dy[row + k]; }
  let sum = sum_of_lanes(lane, own);
  for (var k = lane; k < u.COLS; k += WG_X) { dx[row + k] = y[row + k] * (dy[row + k] - sum); }
}
