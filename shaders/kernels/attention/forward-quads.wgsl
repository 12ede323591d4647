// y[B,T,H,D] = softmax(q · k / sqrt(D)) · v, lse[B,H,T]. One invocation per ROWS queries, a running softmax over four keys at a time.
// Rows beyond T repeat the last one.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let first = group.x * (4u * ROWS);
#unroll r < ROWS
  let t$r = min(first + 4u * $r + lane, u.T - 1u);
  let own$r = query_start(group.y, t$r);
  var highest$r = LOWEST;
  var total$r = 0.0;
#unroll c < HEAD
  let q$r_$c = qkv[own$r + $c] * SCALE;
  var sum$r_$c = vec4<f32>();
#end
#end
#if u.CAUSAL == 1
  let end = min(first + 4u * ROWS, u.T);
#else
  let end = u.T;
#end
  for (var start = 0u; start < end; start += 4u) {
    let at = query_start(group.y, min(start + lane, u.T - 1u)) + KEY;
#unroll r < ROWS
    var score$r = vec4<f32>();
#end
#unroll c < HEAD
    {
      let k = exchange(qkv[at + $c]);
#unroll r < ROWS
      score$r += q$r_$c * k;
#end
    }
#end
    let j = exchanged_positions(start, lane);
#unroll r < ROWS
#if u.CAUSAL == 1
    score$r = select(vec4<f32>(LOWEST), score$r, j <= vec4<u32>(t$r));
#else
#if u.T % 4 > 0
    score$r = select(vec4<f32>(LOWEST), score$r, j < vec4<u32>(u.T));
#end
#end
    let higher$r = max(highest$r, max(max(score$r.x, score$r.y), max(score$r.z, score$r.w)));
    let shrink$r = exp(highest$r - higher$r);
    let p$r = exp(score$r - higher$r);
    total$r = total$r * shrink$r + ((p$r.x + p$r.y) + (p$r.z + p$r.w));
    highest$r = higher$r;
#end
#unroll c < HEAD
    {
      let v = exchange(qkv[at + KEY + $c]);
#unroll r < ROWS
      sum$r_$c = sum$r_$c * shrink$r + v * p$r;
#end
    }
#end
  }
#unroll r < ROWS
  if (first + 4u * $r + lane < u.T) {
    let out = out_start(group.y, t$r);
    let part = 1.0 / total$r;
#unroll c < HEAD
    y[out + $c] = sum$r_$c * part;
#end
    lse[row_start(group.y, t$r)] = highest$r + log(total$r);
  }
#end
}
