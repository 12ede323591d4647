// y[OUTER] = sum over AXIS of x[OUTER,AXIS], divided by AXIS where MEAN = 1. One workgroup per output, its invocations side by side along the axis.
alias lane_t = f32;
#include kernels/lanes.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  var own = 0.0;
  for (var k = lane; k < u.AXIS; k += WG_X) { own += x[group.x * u.AXIS + k]; }
  let sum = sum_of_lanes(lane, own);
  if (lane == 0u) {
#if u.MEAN == 1
    y[group.x] = sum * (1.0 / f32(u.AXIS));
#else
    y[group.x] = sum;
#end
  }
}
