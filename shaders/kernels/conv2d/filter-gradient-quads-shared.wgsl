// Blocks of channels and groups of taps, and what lies under PIXELS neighbouring outputs: what filter-gradient-quads.wgsl and
// filter-gradient-quads-wide.wgsl share.
const C_BLOCKS = (u.C / CHANNELS + 3u) / 4u;
const TAP_GROUPS = (u.KW + TAPS - 1u) / TAPS;
// False where every input that is read lies inside the image: then nothing need be zeroed.
const LAST_COLUMN = ((u.OW + PIXELS - 1u) / PIXELS * PIXELS + TAPS - 2u) * u.SW + (TAP_GROUPS - 1u) * TAPS;
const PADDED = u.PL > 0u || LAST_COLUMN >= u.W + u.PL || u.PT > 0u || (u.OH - 1u) * u.SH + u.KH > u.H + u.PT;

// Outside the image zero. No short-circuit and no early return: each would be a branch, and SwiftShader takes minutes to compile many of them.
fn load_x(row: u32, column: u32, row_inside: bool, block: u32) -> x_t {
  let value = x[(row + min(column, u.W - 1u)) * (u.C / CHANNELS) + block];
  return select(value, select(x_t(), value, row_inside & (column < u.W)), PADDED);
}
fn load_dy(row: u32, ow: u32, block: u32) -> vec4<f32> {
  let value = dy[(row + min(ow, u.OW - 1u)) * (u.F / 4u) + block];
  return select(value, select(vec4<f32>(), value, ow < u.OW), u.OW % PIXELS != 0u);
}
fn store(kh: u32, kw: u32, c: u32, block: u32, sum: vec4<f32>) {
  if ((kw < u.KW) & (c < u.C) & (block < u.F / 4u)) { dw[((kh * u.KW + kw) * u.C + c) * (u.F / 4u) + block] = sum; }
}
