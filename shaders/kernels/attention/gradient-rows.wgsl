// dqkv[B,T,3,H,D]. One invocation per query (z = 0) or per key and value (z = 1): it goes through the keys, or through the queries,
// computing probabilities again from lse. Loops over arrays compile fast at any size; tiles and quads are for speed.
fn by_query(t: u32, bh: u32) {
  let own = query_start(bh, t);
  let out = out_start(bh, t);
  var dq: array<f32, HEAD>;
  var at = query_start(bh, 0u) + KEY;
  for (var j = 0u; j < select(u.T, t + 1u, u.CAUSAL == 1u); j++) {
    var score = 0.0;
    var dp = -delta[row_start(bh, t)];
    for (var c = 0u; c < HEAD; c++) {
      score += qkv[own + c] * qkv[at + c];
      dp += dy[out + c] * qkv[at + KEY + c];
    }
    let ds = exp(score * SCALE - lse[row_start(bh, t)]) * dp * SCALE;
    for (var c = 0u; c < HEAD; c++) { dq[c] += ds * qkv[at + c]; }
    at += NEXT;
  }
  for (var c = 0u; c < HEAD; c++) { dqkv[own + c] = dq[c]; }
}

fn by_key(t: u32, bh: u32) {
  let own = query_start(bh, t);
  var dk: array<f32, HEAD>;
  var dv: array<f32, HEAD>;
  for (var i = select(0u, t, u.CAUSAL == 1u); i < u.T; i++) {
    let at = query_start(bh, i);
    let out = out_start(bh, i);
    var score = 0.0;
    var dp = -delta[row_start(bh, i)];
    for (var c = 0u; c < HEAD; c++) {
      score += qkv[own + KEY + c] * qkv[at + c];
      dp += dy[out + c] * qkv[own + VALUE + c];
    }
    let p = exp(score * SCALE - lse[row_start(bh, i)]);
    let ds = p * dp * SCALE;
    for (var c = 0u; c < HEAD; c++) {
      dk[c] += ds * qkv[at + c];
      dv[c] += p * dy[out + c];
    }
  }
  for (var c = 0u; c < HEAD; c++) {
    dqkv[own + KEY + c] = dk[c];
    dqkv[own + VALUE + c] = dv[c];
  }
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= u.T) { return; }
  if (id.z == 0u) {
    by_query(id.x, id.y);
  } else {
    by_key(id.x, id.y);
  }
}
