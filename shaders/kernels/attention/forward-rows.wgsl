// y[B,T,H,D] = softmax(q · k / sqrt(D)) · v, lse[B,H,T]. One invocation per query: a running softmax over the keys.
// Loops over arrays compile fast at any size; tiles and quads are for speed.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let t = id.x;
  if (t >= u.T) { return; }
  let own = query_start(id.y, t);
  var q: array<f32, HEAD>;
  var sums: array<f32, HEAD>;
  for (var c = 0u; c < HEAD; c++) { q[c] = qkv[own + c] * SCALE; }
  var highest = LOWEST;
  var total = 0.0;
  var at = query_start(id.y, 0u) + KEY;
  for (var j = 0u; j < select(u.T, t + 1u, u.CAUSAL == 1u); j++) {
    var score = 0.0;
    for (var c = 0u; c < HEAD; c++) { score += q[c] * qkv[at + c]; }
    let higher = max(highest, score);
    let shrink = exp(highest - higher);
    let p = exp(score - higher);
    total = total * shrink + p;
    highest = higher;
    for (var c = 0u; c < HEAD; c++) { sums[c] = sums[c] * shrink + p * qkv[at + KEY + c]; }
    at += NEXT;
  }
  let out = out_start(id.y, t);
  for (var c = 0u; c < HEAD; c++) { y[out + c] = sums[c] / total; }
  lse[row_start(id.y, t)] = highest + log(total);
}
