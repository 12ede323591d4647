// dw[KH,KW,C/G,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH*DH, OW*SW-PL+KW*DW, C] * dy[N,OH,OW,F], C being the channel of F's group.
// LANES invocations stride over the output pixels of the batch for one tap and WIDTH filters, then add up in workgroup memory.
const PIXELS = u.N * u.OH * u.OW;
const CG = u.C / u.G;
const FG = u.F / u.G;
const FB = u.F / WIDTH;
var<workgroup> partial: array<dw_t, LANES>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(global_invocation_id) id: vec3<u32>) {
  let lane = local.x;
  let own = (id.y * u.ROW_INVOCATIONS + id.x) / LANES;
  let out = min(own, u.KH * u.KW * CG * FB - 1u);
  let fb = out % FB;
  let c = out / FB % CG;
  let kw = out / (FB * CG) % u.KW;
  let kh = out / (FB * CG * u.KW);
#if DEPTHWISE == 1
  const STEP = FB;
  let channel = fb;
#else
  const STEP = u.C;
  let channel = fb * WIDTH / FG * CG + c;
#end
  var sum = dw_t();
  for (var pixel = lane; pixel < PIXELS; pixel += LANES) {
    let h = pixel / u.OW % u.OH * u.SH + kh * u.DH - u.PT;
    let column = pixel % u.OW * u.SW + kw * u.DW - u.PL;
    // Outside the image the unsigned row or column wraps around.
    if ((h >= u.H) | (column >= u.W)) { continue; }
    sum += x[((pixel / (u.OW * u.OH) * u.H + h) * u.W + column) * STEP + channel] * dy[pixel * FB + fb];
  }
  partial[lane] = sum;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] += partial[lane + half]; }
  }
  if ((lane == 0u) & (own == out)) { dw[out] = partial[0]; }
}
