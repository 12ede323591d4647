// loss[N] = weights[N] * mean over SIZE of f(y[N,SIZE], goal[N,SIZE]), and hits of logits. One workgroup per example:
// its invocations stride through the elements, then add up in workgroup memory.
var<workgroup> partial: array<vec2<f32>, WG_X>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let n = group.x;
  var sum = vec2<f32>();
  for (var i = n * u.SIZE + lane; i < (n + 1u) * u.SIZE; i += WG_X) {
    sum += vec2<f32>(loss_of(y[i], goal[i]), select(0.0, 1.0, (y[i] > 0.0) == (goal[i] > 0.5)));
  }
  partial[lane] = sum;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] += partial[lane + half]; }
  }
  if (lane == 0u) {
    loss[n] = weights[n] * partial[0].x * (1.0 / f32(u.SIZE));
#if u.KIND == 3
    correct[n] = select(0.0, partial[0].y * (1.0 / f32(u.SIZE)), weights[n] > 0.0);
#end
  }
}
