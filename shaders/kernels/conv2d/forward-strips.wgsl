// y[N,OH,OW,F] for conv2d/strips.wgsl: x convolved with w, then bias and activation.
const IN_H = u.H;
const IN_W = u.W;
const IN_C = u.C;
const OUT_H = u.OH;
const OUT_W = u.OW;
const OUT_BLOCKS = u.F / 4;
const STRIDE_H = u.SH;
const STRIDE_W = u.SW;
const PAD_TOP = u.PT;
const PAD_LEFT = u.PL;

#if u.C % 4 == 0
fn load_x(at: u32) -> vec4<f32> { return x[at]; }
// w[kh, kw, 4*c .. 4*c+3, 4*block .. 4*block+3]; the matrix's columns run over filters.
fn load_w(kh: u32, kw: u32, c: u32, block: u32) -> mat4x4<f32> {
  let at = ((kh * u.KW + kw) * u.C + c * 4u) * (u.F / 4u) + block;
  return mat4x4<f32>(w[at], w[at + u.F / 4u], w[at + u.F / 2u], w[at + 3u * (u.F / 4u)]);
}
#else
fn load_x(at: u32) -> f32 { return x[at]; }
fn load_w(kh: u32, kw: u32, c: u32, block: u32) -> vec4<f32> { return w[((kh * u.KW + kw) * u.C + c) * (u.F / 4u) + block]; }
#end
fn bias_of(block: u32) -> vec4<f32> { return bias_at(block); }
fn store(at: u32, sum: vec4<f32>) { y[at] = activate(sum); }
