// dx[N,H,W,C] = sum over the outputs (OH,OW,F) that read x of dy[N,OH,OW,F] * w[KH,KW,C/G,F]. One channel of one input pixel per
// invocation, WIDTH filters at a time; DEPTHWISE: WIDTH channels, each read by the filter of its own.
const CG = u.C / u.G;
const FG = u.F / u.G;
#if DEPTHWISE == 1
const CB = u.C / WIDTH;
#else
const CB = u.C;
#end
const FB = u.F / WIDTH;

#if dy.width * WIDTH == 16
fn total(v: vec4<f32>) -> f32 { return dot(v, vec4<f32>(1.0)); }
#else
fn total(v: f32) -> f32 { return v; }
#end

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * u.H * u.W * CB) { return; }
  let c = i % CB;
  let pixel = i / CB;
  let column = pixel % u.W;
  let h = pixel / u.W % u.H;
  let n = pixel / (u.W * u.H);
  var sum = dy_t();
  for (var kh = 0u; kh < u.KH; kh++) {
    // h = oh*SH - PT + kh*DH; below zero the difference wraps around and fails the comparison.
    let top = h + u.PT - kh * u.DH;
    if ((top % u.SH != 0u) | (top / u.SH >= u.OH)) { continue; }
    for (var kw = 0u; kw < u.KW; kw++) {
      let left = column + u.PL - kw * u.DW;
      if ((left % u.SW != 0u) | (left / u.SW >= u.OW)) { continue; }
      let at = ((n * u.OH + top / u.SH) * u.OW + left / u.SW) * FB;
      let tap = kh * u.KW + kw;
#if DEPTHWISE == 1
      sum += dy[at + c] * w[tap * CB + c];
#else
      let first = c / CG * (FG / WIDTH);
      let w_at = (tap * CG + c % CG) * FB;
      for (var f = first; f < first + FG / WIDTH; f++) { sum += dy[at + f] * w[w_at + f]; }
#end
    }
  }
#if DEPTHWISE == 1
  dx[i] = sum;
#else
  dx[i] = total(sum);
#end
}
