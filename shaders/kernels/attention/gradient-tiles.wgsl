// dqkv[B,T,3,H,D]. One invocation per query (z = 0) or per key and value (z = 1) of a head. The workgroup stages TILE keys and
// values, or TILE queries and their dy, at a time in workgroup memory. Rows beyond T repeat the last one.
var<workgroup> tile_a: array<qkv_t, TILE * HEAD>;
var<workgroup> tile_b: array<qkv_t, TILE * HEAD>;
// lse and delta of staged queries.
var<workgroup> tile_rows: array<vec2<f32>, TILE>;

fn by_queries(lane: u32, group: vec3<u32>) {
  let t = min(group.x * WG_X + lane, u.T - 1u);
  let own = query_start(group.y, t);
  let out = out_start(group.y, t);
  let lse_t = lse[row_start(group.y, t)];
  let delta_t = delta[row_start(group.y, t)];
#unroll c < HEAD
  let q_$c = qkv[own + $c] * SCALE;
  let dy_$c = dy[out + $c];
  var dq_$c = qkv_t();
#end
#if u.CAUSAL == 1
  let end = min((group.x + 1u) * WG_X, u.T);
#else
  let end = u.T;
#end
  for (var start = 0u; start < end; start += TILE) {
    workgroupBarrier();
    for (var i = lane; i < TILE * HEAD; i += WG_X) {
      let at = query_start(group.y, min(start + i / HEAD, u.T - 1u)) + i % HEAD;
      tile_a[i] = qkv[at + KEY];
      tile_b[i] = qkv[at + VALUE];
    }
    workgroupBarrier();
    let count = min(TILE, end - start);
    for (var k = 0u; k < count; k++) {
      var score = -lse_t;
      var dp = -delta_t;
#unroll c < HEAD
      score += inner(q_$c, tile_a[k * HEAD + $c]);
      dp += inner(dy_$c, tile_b[k * HEAD + $c]);
#end
#if u.CAUSAL == 1
      let ds = select(0.0, exp(score) * dp, start + k <= t);
#else
      let ds = exp(score) * dp;
#end
#unroll c < HEAD
      dq_$c += tile_a[k * HEAD + $c] * ds;
#end
    }
  }
  if (group.x * WG_X + lane < u.T) {
#unroll c < HEAD
    dqkv[own + $c] = dq_$c * SCALE;
#end
  }
}

fn by_keys(lane: u32, group: vec3<u32>) {
  let t = min(group.x * WG_X + lane, u.T - 1u);
  let own = query_start(group.y, t);
#unroll c < HEAD
  let k_$c = qkv[own + KEY + $c] * SCALE;
  let v_$c = qkv[own + VALUE + $c];
  var dk_$c = qkv_t();
  var dv_$c = qkv_t();
#end
#if u.CAUSAL == 1
  let first = group.x * WG_X;
#else
  let first = 0u;
#end
  for (var start = first; start < u.T; start += TILE) {
    workgroupBarrier();
    for (var i = lane; i < TILE * HEAD; i += WG_X) {
      let staged = min(start + i / HEAD, u.T - 1u);
      tile_a[i] = qkv[query_start(group.y, staged) + i % HEAD];
      tile_b[i] = dy[out_start(group.y, staged) + i % HEAD];
    }
    for (var i = lane; i < TILE; i += WG_X) {
      let row = row_start(group.y, min(start + i, u.T - 1u));
      tile_rows[i] = vec2<f32>(lse[row], delta[row]);
    }
    workgroupBarrier();
    let count = min(TILE, u.T - start);
    for (var k = 0u; k < count; k++) {
      var score = -tile_rows[k].x;
      var dp = -tile_rows[k].y;
#unroll c < HEAD
      score += inner(k_$c, tile_a[k * HEAD + $c]);
      dp += inner(v_$c, tile_b[k * HEAD + $c]);
#end
#if u.CAUSAL == 1
      let p = select(0.0, exp(score), start + k >= t);
#else
      let p = exp(score);
#end
      let ds = p * dp;
#unroll c < HEAD
      dk_$c += tile_a[k * HEAD + $c] * ds;
      dv_$c += tile_b[k * HEAD + $c] * p;
#end
    }
  }
  if (group.x * WG_X + lane < u.T) {
#unroll c < HEAD
    dqkv[own + KEY + $c] = dk_$c * SCALE;
    dqkv[own + VALUE + $c] = dv_$c;
#end
  }
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  if (group.z == 0u) {
    by_queries(lane, group);
  } else {
    by_keys(lane, group);
  }
}
