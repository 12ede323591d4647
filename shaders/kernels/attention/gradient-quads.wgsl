// dqkv[B,T,3,H,D]. One invocation per query (z = 0) or per key and value (z = 1); it goes through four keys, or four queries, at a
// time, computing probabilities again from lse. Rows beyond T repeat the last one.
fn by_queries(lane: u32, group: vec3<u32>) {
  let t = min(group.x * 4u + lane, u.T - 1u);
  let own = query_start(group.y, t);
  let out = out_start(group.y, t);
  let lse_t = lse[row_start(group.y, t)];
  let delta_t = delta[row_start(group.y, t)];
#unroll c < HEAD
  let q_$c = qkv[own + $c] * SCALE;
  let dy_$c = dy[out + $c];
  var dq_$c = vec4<f32>();
#end
#if u.CAUSAL == 1
  let end = min(group.x * 4u + 4u, u.T);
#else
  let end = u.T;
#end
  for (var start = 0u; start < end; start += 4u) {
    let at = query_start(group.y, min(start + lane, u.T - 1u)) + KEY;
    var score = vec4<f32>(-lse_t);
    var dp = vec4<f32>(-delta_t);
#unroll c < HEAD
    let k_$c = qkv[at + $c];
    score += q_$c * exchange(k_$c);
    dp += dy_$c * exchange(qkv[at + KEY + $c]);
#end
    var ds = exp(score) * dp;
#if u.CAUSAL == 1
    ds = select(vec4<f32>(), ds, exchanged_positions(start, lane) <= vec4<u32>(t));
#else
#if u.T % 4 > 0
    ds = select(vec4<f32>(), ds, exchanged_positions(start, lane) < vec4<u32>(u.T));
#end
#end
#unroll c < HEAD
    dq_$c += exchange(k_$c) * ds;
#end
  }
  if (group.x * 4u + lane < u.T) {
#unroll c < HEAD
    dqkv[own + $c] = dq_$c * SCALE;
#end
  }
}

fn by_keys(lane: u32, group: vec3<u32>) {
  let t = min(group.x * 4u + lane, u.T - 1u);
  let own = query_start(group.y, t);
#unroll c < HEAD
  let k_$c = qkv[own + KEY + $c] * SCALE;
  let v_$c = qkv[own + VALUE + $c];
  var dk_$c = vec4<f32>();
  var dv_$c = vec4<f32>();
#end
#if u.CAUSAL == 1
  let first = group.x * 4u;
#else
  let first = 0u;
#end
  for (var start = first; start < u.T; start += 4u) {
    let query = min(start + lane, u.T - 1u);
    let at = query_start(group.y, query);
    let out = out_start(group.y, query);
    var score = exchange_one(-lse[row_start(group.y, query)]);
    var dp = exchange_one(-delta[row_start(group.y, query)]);
#unroll c < HEAD
    let q_$c = qkv[at + $c];
    let dy_$c = dy[out + $c];
    score += k_$c * exchange(q_$c);
    dp += v_$c * exchange(dy_$c);
#end
    var p = exp(score);
#if u.CAUSAL == 1
    p = select(vec4<f32>(), p, exchanged_positions(start, lane) >= vec4<u32>(t));
#end
#if u.T % 4 > 0
    p = select(vec4<f32>(), p, exchanged_positions(start, lane) < vec4<u32>(u.T));
#end
    let ds = p * dp;
#unroll c < HEAD
    dk_$c += exchange(q_$c) * ds;
    dv_$c += exchange(dy_$c) * p;
#end
  }
  if (group.x * 4u + lane < u.T) {
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
