// loss[N] = weights[N] * (log(sum exp(logits[N,:])) - logits[N,labels[N]]); correct[N] = weights[N] > 0 and argmax = label. One invocation per row.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let n = id.y * ROW_INVOCATIONS + id.x;
  if (n >= u.N) { return; }
  let row = n * u.CLASSES;
  var best = 0u;
  var maximum = logits[row];
  for (var k = 1u; k < u.CLASSES; k++) {
    let value = logits[row + k];
    if (value > maximum) {
      maximum = value;
      best = k;
    }
  }
  var total = 0.0;
  for (var k = 0u; k < u.CLASSES; k++) { total += exp(logits[row + k] - maximum); }
  loss[n] = weights[n] * (maximum + log(total) - logits[row + labels[n]]);
  correct[n] = select(0.0, 1.0, weights[n] > 0.0 && best == labels[n]);
}
