// loss[N] = weights[N] * mean over T of row_loss, correct[N] = weights[N] > 0 ? the fraction of hits : 0. One invocation per example.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let n = id.y * u.ROW_INVOCATIONS + id.x;
  if (n >= u.N) { return; }
#if u.T == 1
  let sum = row_loss(n);
#else
  var sum = vec2<f32>();
  for (var r = n * u.T; r < (n + 1u) * u.T; r++) { sum += row_loss(r); }
#end
  loss[n] = weights[n] * sum.x * (1.0 / f32(u.T));
  correct[n] = select(0.0, sum.y * (1.0 / f32(u.T)), weights[n] > 0.0);
}
