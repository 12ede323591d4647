// dx[N,H,W,C] = sum over the outputs (OH,OW,F) that read x of dy[N,OH,OW,F] * w[KH,KW,C,F]; any shape.
// Each invocation makes CB channels of one input pixel.
const BLOCKS = (u.C + CB - 1u) / CB;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * u.H * u.W * BLOCKS) { return; }
  let c = i % BLOCKS * CB;
  let pixel = i / BLOCKS;
  let column = pixel % u.W;
  let h = pixel / u.W % u.H;
  let n = pixel / (u.W * u.H);
#unroll j < CB
  let c$j = min(c + $j, u.C - 1u);
  var sum$j = 0.0;
#end
  for (var kh = 0u; kh < u.KH; kh++) {
    // h = oh*SH - PT + kh; below zero the difference wraps around and fails the comparison.
    let top = h + u.PT - kh;
    if ((top % u.SH != 0u) | (top / u.SH >= u.OH)) { continue; }
    for (var kw = 0u; kw < u.KW; kw++) {
      let left = column + u.PL - kw;
      if ((left % u.SW != 0u) | (left / u.SW >= u.OW)) { continue; }
      let dy_at = ((n * u.OH + top / u.SH) * u.OW + left / u.SW) * u.F;
      let w_at = (kh * u.KW + kw) * u.C;
#unroll j < CB
      let w_at$j = (w_at + c$j) * u.F;
#end
      for (var f = 0u; f < u.F; f++) {
        let gradient = dy[dy_at + f];
#unroll j < CB
        sum$j += gradient * w[w_at$j + f];
#end
      }
    }
  }
#unroll j < CB
  if (c + $j < u.C) { dx[pixel * u.C + c + $j] = sum$j; }
#end
}
