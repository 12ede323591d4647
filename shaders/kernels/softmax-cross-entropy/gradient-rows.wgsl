// dlogits[N*T,CLASSES] = row_scale * (softmax(logits) - wanted). One invocation per row.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let r = id.y * u.ROW_INVOCATIONS + id.x;
  if (r >= u.N * u.T) { return; }
  let row = r * u.CLASSES;
  var maximum = logits[row];
  for (var k = 1u; k < u.CLASSES; k++) { maximum = max(maximum, logits[row + k]); }
  var total = 0.0;
  for (var k = 0u; k < u.CLASSES; k++) { total += exp(logits[row + k] - maximum); }
  let scale = row_scale(r);
  let label = labels[r];
  for (var k = 0u; k < u.CLASSES; k++) { dlogits[row + k] = scale * (exp(logits[row + k] - maximum) / total - wanted(k, label)); }
}
