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

// Where a workgroup's taps, channels and filters begin.
struct Part { kh: u32, kw: u32, first_block: u32, f_block: u32 }
fn part_of(group: vec3<u32>, lane: u32) -> Part {
  return Part(group.y / (C_BLOCKS * TAP_GROUPS), group.y / C_BLOCKS % TAP_GROUPS * TAPS, group.y % C_BLOCKS * 4u, group.x * 4u + lane);
}

// Image, row and column of the next pixels. Counters, as divisions are slow.
fn next_pixels(at: vec3<u32>) -> vec3<u32> {
  let ow = at.z + PIXELS;
  let next_row = ow >= u.OW;
  let oh = at.y + select(0u, 1u, next_row);
  let next_image = oh == u.OH;
  return vec3<u32>(at.x + select(0u, 1u, next_image), select(oh, 0u, next_image), select(ow, 0u, next_row));
}

// Sum i: of tap t and channel c of the own block at 4*(CHANNELS*t + c), then of those to the right, below and across.
fn store(part: Part, lane: u32, i: u32, sum: vec4<f32>) {
  let kw = part.kw + i / (CHANNELS * 4u);
  let c = (part.first_block + (lane ^ (i % 4u))) * CHANNELS + i / 4u % CHANNELS;
  if ((kw < u.KW) & (c < u.C) & (part.f_block < u.F / 4u)) { dw[((part.kh * u.KW + kw) * u.C + c) * (u.F / 4u) + part.f_block] = sum; }
}
