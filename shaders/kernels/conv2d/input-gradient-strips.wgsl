// dx[N,H,W,C] for conv2d/strips.wgsl: with stride 1 it is dy convolved with w turned by 180 degrees, filters and channels swapped.
const IN_H = u.OH;
const IN_W = u.OW;
const IN_C = u.F;
const OUT_H = u.H;
const OUT_W = u.W;
const OUT_BLOCKS = u.C / 4;
const STRIDE_H = 1;
const STRIDE_W = 1;
const PAD_TOP = u.KH - 1u - u.PT;
const PAD_LEFT = u.KW - 1u - u.PL;

fn load_x(at: u32) -> vec4<f32> { return dy[at]; }
// w[KH-1-kh, KW-1-kw, 4*block .. 4*block+3, 4*f .. 4*f+3]; the matrix's columns run over channels.
fn load_w(kh: u32, kw: u32, f: u32, block: u32) -> mat4x4<f32> {
  let at = (((u.KH - 1u - kh) * u.KW + u.KW - 1u - kw) * u.C + block * 4u) * (u.F / 4u) + f;
  return transpose(mat4x4<f32>(w[at], w[at + u.F / 4u], w[at + u.F / 2u], w[at + 3u * (u.F / 4u)]));
}
fn bias_of(block: u32) -> vec4<f32> { return vec4<f32>(); }
fn store(at: u32, sum: vec4<f32>) { dx[at] = sum; }
