// loss[N] = weights[N] * mean over SIZE of f(y[N,SIZE], goal[N,SIZE]), and hits of logits; one invocation per example, WIDTH elements at a time.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let n = id.y * u.ROW_INVOCATIONS + id.x;
  if (n >= u.N) { return; }
  var sum = value_t();
  var hits = value_t();
  for (var i = n * (u.SIZE / WIDTH); i < (n + 1u) * (u.SIZE / WIDTH); i++) {
    let own = y[i];
    let wanted = goal[i];
    sum += loss_of(own, wanted);
#if u.KIND == 3
    hits += select(value_t(), value_t(1.0), (own > value_t()) == (wanted > value_t(0.5)));
#end
  }
#if WIDTH == 4
  loss[n] = weights[n] * dot(sum, vec4<f32>(1.0 / f32(u.SIZE)));
#else
  loss[n] = weights[n] * sum * (1.0 / f32(u.SIZE));
#end
#if u.KIND == 3
#if WIDTH == 4
  correct[n] = select(0.0, dot(hits, vec4<f32>(1.0 / f32(u.SIZE))), weights[n] > 0.0);
#else
  correct[n] = select(0.0, hits * (1.0 / f32(u.SIZE)), weights[n] > 0.0);
#end
#end
}
