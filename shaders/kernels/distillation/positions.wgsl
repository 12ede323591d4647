// loss[N] = weights[N] * mean over T of row_loss, correct[N] the fraction of positions that agree. One workgroup per example:
// its invocations stride through the positions, then add up in workgroup memory.
var<workgroup> partial: array<vec2<f32>, WG_X>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let n = group.x;
  var sum = vec2<f32>();
  for (var t = lane; t < u.T; t += WG_X) { sum += row_loss(n * u.T + t); }
  partial[lane] = sum;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] += partial[lane + half]; }
  }
  if (lane == 0u) {
    loss[n] = weights[n] * partial[0].x * (1.0 / f32(u.T));
    correct[n] = select(0.0, partial[0].y * (1.0 / f32(u.T)), weights[n] > 0.0);
  }
}
