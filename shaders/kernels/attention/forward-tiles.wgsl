// y[B,T,H,D] = softmax(q · k / sqrt(D)) · v, lse[B,H,T]. One invocation per query of a head, with a running softmax; the workgroup
// stages TILE keys and values at a time in workgroup memory, where all invocations read the same one. Rows beyond T repeat the last.
var<workgroup> keys: array<qkv_t, TILE * HEAD>;
var<workgroup> values: array<qkv_t, TILE * HEAD>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let t = min(group.x * WG_X + lane, u.T - 1u);
  let own = query_start(group.y, t);
#unroll c < HEAD
  let q_$c = qkv[own + $c] * SCALE;
  var sum_$c = qkv_t();
#end
  var highest = LOWEST;
  var total = 0.0;
#if u.CAUSAL == 1
  let end = min((group.x + 1u) * WG_X, u.T);
#else
  let end = u.T;
#end
  for (var start = 0u; start < end; start += TILE) {
    workgroupBarrier();
    for (var i = lane; i < TILE * HEAD; i += WG_X) {
      let at = query_start(group.y, min(start + i / HEAD, u.T - 1u)) + i % HEAD;
      keys[i] = qkv[at + KEY];
      values[i] = qkv[at + VALUE];
    }
    workgroupBarrier();
    let count = min(TILE, end - start);
    for (var k = 0u; k < count; k++) {
      var score = 0.0;
#unroll c < HEAD
      score += inner(q_$c, keys[k * HEAD + $c]);
#end
#if u.CAUSAL == 1
      score = select(LOWEST, score, start + k <= t);
#end
      let higher = max(highest, score);
      let shrink = exp(highest - higher);
      let p = exp(score - higher);
      total = total * shrink + p;
      highest = higher;
#unroll c < HEAD
      sum_$c = sum_$c * shrink + values[k * HEAD + $c] * p;
#end
    }
  }
  if (group.x * WG_X + lane < u.T) {
    let to = out_start(group.y, t);
#unroll c < HEAD
    y[to + $c] = sum_$c * (1.0 / total);
#end
    lse[row_start(group.y, t)] = highest + log(total);
  }
}
