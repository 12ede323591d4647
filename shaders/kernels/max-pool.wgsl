// y[N,OH,OW,C] = act(max over KH,KW of x[N, OH*SH+KH, OW*SW+KW, C] + bias[C]); WIDTH channels per invocation (1 or a vec4).
const CB = u.C / WIDTH;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * u.OH * u.OW * CB) { return; }
  let c = i % CB;
  let pixel = i / CB;
  let row = pixel / u.OW;
  let start = ((row / u.OH * u.H + row % u.OH * u.SH) * u.W + pixel % u.OW * u.SW) * CB + c;
  var best = x[start];
#if u.KH * u.KW > 64
  for (var k = 1u; k < u.KH * u.KW; k++) { best = max(best, x[start + (k / u.KW * u.W + k % u.KW) * CB]); }
#else
#unroll k < u.KH * u.KW
#if $k != 0
  best = max(best, x[start + ($k / u.KW * u.W + $k % u.KW) * CB]);
#end
#end
#end
  y[i] = activate(best + bias_at(c));
}
