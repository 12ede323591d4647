// y[N,OH,OW,F] = act(sum over KH,KW,C of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * w[KH,KW,C,F] + bias[F]); any shape.
// Each invocation makes FB filters of one output pixel.
const BLOCKS = (u.F + FB - 1u) / FB;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * u.OH * u.OW * BLOCKS) { return; }
  let f = i % BLOCKS * FB;
  let pixel = i / BLOCKS;
  let ow = pixel % u.OW;
  let oh = pixel / u.OW % u.OH;
  let n = pixel / (u.OW * u.OH);
#unroll j < FB
  let f$j = min(f + $j, u.F - 1u);
  var sum$j = 0.0;
#end
  for (var kh = 0u; kh < u.KH; kh++) {
    // Above the top the unsigned row wraps around, so one comparison covers both edges.
    let h = oh * u.SH + kh - u.PT;
    if (h >= u.H) { continue; }
    for (var kw = 0u; kw < u.KW; kw++) {
      let column = ow * u.SW + kw - u.PL;
      if (column >= u.W) { continue; }
      let x_at = ((n * u.H + h) * u.W + column) * u.C;
      let w_at = (kh * u.KW + kw) * u.C * u.F;
      for (var c = 0u; c < u.C; c++) {
        let value = x[x_at + c];
#unroll j < FB
        sum$j += value * w[w_at + c * u.F + f$j];
#end
      }
    }
  }
#unroll j < FB
  if (f + $j < u.F) { y[pixel * u.F + f + $j] = activate(sum$j + bias_at(f$j)); }
#end
}
