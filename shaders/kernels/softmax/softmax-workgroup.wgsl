// y[ROWS,COLS] = exp(x) / sum over COLS of exp(x). One workgroup per row, its invocations side by side along the columns.
alias lane_t = f32;
#include kernels/lanes.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let row = group.x * u.COLS;
  var own = x[row + min(lane, u.COLS - 1u)];
  for (var k = lane + WG_X; k < u.COLS; k += WG_X) { own = max(own, x[row + k]); }
  let maximum = largest_of_lanes(lane, own);
  var sum = 0.0;
  for (var k = lane; k < u.COLS; k += WG_X) { sum += exp(x[row + k] - maximum); }
  let total = sum_of_lanes(lane, sum);
  for (var k = lane; k < u.COLS; k += WG_X) { y[row + k] = exp(x[row + k] - maximum) / total; }
}
