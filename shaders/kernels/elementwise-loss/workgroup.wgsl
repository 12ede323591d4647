// loss[N] = weights[N] * mean over SIZE of f(y[N,SIZE], goal[N,SIZE]), and hits of logits. One workgroup per example:
// its invocations stride through the elements, then add up in workgroup memory.
alias lane_t = vec2<f32>;
#include kernels/lanes.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let n = group.x;
  var sum = vec2<f32>();
  for (var i = n * u.SIZE + lane; i < (n + 1u) * u.SIZE; i += WG_X) {
    sum += vec2<f32>(loss_of(y[i], goal[i]), select(0.0, 1.0, (y[i] > 0.0) == (goal[i] > 0.5)));
  }
  let all = sum_of_lanes(lane, sum);
  if (lane == 0u) {
    loss[n] = weights[n] * all.x * (1.0 / f32(u.SIZE));
#if u.KIND == 3
    correct[n] = select(0.0, all.y * (1.0 / f32(u.SIZE)), weights[n] > 0.0);
#end
  }
}
