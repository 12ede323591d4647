// y[N,OH,OW,F] = act(sum over KH,KW and the C/G channels of F's group of x[N, OH*SH-PT+KH*DH, OW*SW-PL+KW*DW, C] * w[KH,KW,C/G,F] + bias[F]).
// WIDTH filters of one output pixel per invocation; DEPTHWISE: each filter reads one channel, its own.
const FB = u.F / WIDTH;
const CG = u.C / u.G;
const FG = u.F / u.G;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * u.OH * u.OW * FB) { return; }
  let fb = i % FB;
  let pixel = i / FB;
  let ow = pixel % u.OW;
  let oh = pixel / u.OW % u.OH;
  let n = pixel / (u.OW * u.OH);
  var sum = y_t();
  for (var kh = 0u; kh < u.KH; kh++) {
    // Above the top the unsigned row wraps around, so one comparison covers both edges.
    let h = oh * u.SH + kh * u.DH - u.PT;
    if (h >= u.H) { continue; }
    for (var kw = 0u; kw < u.KW; kw++) {
      let column = ow * u.SW + kw * u.DW - u.PL;
      if (column >= u.W) { continue; }
      let at = (n * u.H + h) * u.W + column;
      let tap = kh * u.KW + kw;
#if DEPTHWISE == 1
      sum += x[at * FB + fb] * w[tap * FB + fb];
#else
      let x_at = at * u.C + fb * WIDTH / FG * CG;
      for (var c = 0u; c < CG; c++) { sum += x[x_at + c] * w[(tap * CG + c) * FB + fb]; }
#end
    }
  }
  y[i] = activate(sum + bias_at(fb));
}
