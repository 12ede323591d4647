// dw[KH,KW,C,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * dy[N,OH,OW,F]; any shape.
// One workgroup per tap (KH,KW,C) and FB filters: its invocations stride over the output pixels of the whole batch,
// then add up in workgroup memory.
const PIXELS = u.N * u.OH * u.OW;
const TAPS = u.KH * u.KW * u.C;
var<workgroup> partial: array<f32, WG_X * FB>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let tap = group.y;
  let f = group.x * FB;
  let c = tap % u.C;
  let kw = tap / u.C % u.KW;
  let kh = tap / (u.C * u.KW);
#unroll j < FB
  let f$j = min(f + $j, u.F - 1u);
  var sum$j = 0.0;
#end
  for (var pixel = local.x; pixel < PIXELS; pixel += WG_X) {
    let h = pixel / u.OW % u.OH * u.SH + kh - u.PT;
    let column = pixel % u.OW * u.SW + kw - u.PL;
    // Outside the image the unsigned row or column wraps around.
    if ((h >= u.H) | (column >= u.W)) { continue; }
    let value = x[((pixel / (u.OW * u.OH) * u.H + h) * u.W + column) * u.C + c];
#unroll j < FB
    sum$j += value * dy[pixel * u.F + f$j];
#end
  }
#unroll j < FB
  partial[local.x * FB + $j] = sum$j;
#end
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) {
#unroll j < FB
      partial[local.x * FB + $j] += partial[(local.x + half) * FB + $j];
#end
    }
  }
  workgroupBarrier();
  for (var j = local.x; j < FB && f + j < u.F; j += WG_X) { dw[tap * u.F + f + j] = partial[j]; }
}
