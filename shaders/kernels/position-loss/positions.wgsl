// loss[N] = weights[N] * mean over T of row_loss, correct[N] = weights[N] > 0 ? the fraction of hits : 0. One workgroup per example:
// its invocations stride through the positions, then add up in workgroup memory.
alias lane_t = vec2<f32>;
#include kernels/lanes.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let n = group.x;
  var sum = vec2<f32>();
  for (var t = lane; t < u.T; t += WG_X) { sum += row_loss(n * u.T + t); }
  let all = sum_of_lanes(lane, sum);
  if (lane == 0u) {
    loss[n] = weights[n] * all.x * (1.0 / f32(u.T));
    correct[n] = select(0.0, all.y * (1.0 / f32(u.T)), weights[n] > 0.0);
  }
}
