// mean[C], variance[C] and rstd[C] = 1 / sqrt(variance + EPSILON) of R rows, from the sums of chunks. One invocation per channel.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  if (c >= u.C) { return; }
  var total = vec2<f32>();
  for (var chunk = 0u; chunk < u.CHUNKS; chunk++) {
    total += vec2<f32>(sums[chunk * u.C + c], squares[chunk * u.C + c]);
  }
  total /= f32(u.R);
  let found = max(total.y - total.x * total.x, 0.0);
  mean[c] = x[c] + total.x;
  variance[c] = found;
  rstd[c] = 1.0 / sqrt(found + bitcast<f32>(u.EPSILON));
}
