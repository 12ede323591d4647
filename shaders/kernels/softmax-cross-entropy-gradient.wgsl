// dlogits[N,CLASSES] = weights[N] * upstream[N] * (softmax(logits) - onehot(labels)); upstream is 1 where not bound. One invocation per row.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let n = id.y * ROW_INVOCATIONS + id.x;
  if (n >= u.N) { return; }
  let row = n * u.CLASSES;
  var maximum = logits[row];
  for (var k = 1u; k < u.CLASSES; k++) { maximum = max(maximum, logits[row + k]); }
  var total = 0.0;
  for (var k = 0u; k < u.CLASSES; k++) { total += exp(logits[row + k] - maximum); }
#if u.UPSTREAM == 1
  let scale = weights[n] * upstream_at(n);
#else
  let scale = weights[n];
#end
  for (var k = 0u; k < u.CLASSES; k++) {
    let probability = exp(logits[row + k] - maximum) / total;
    dlogits[row + k] = scale * (probability - select(0.0, 1.0, k == labels[n]));
  }
}
