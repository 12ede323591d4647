// Strips of ROWS neighbouring outputs of the included problem, four to a workgroup: what quad-strips.wgsl and
// quad-strips-wide.wgsl share.
const STRIPS = (OUT_W + ROWS - 1u) / ROWS;
const ALL_STRIPS = u.N * OUT_H * STRIPS;
// False where every input that an output reads lies inside the image: then nothing need be zeroed.
const PADDED = PAD_TOP > 0u || PAD_LEFT > 0u || (OUT_H - 1u) * STRIDE_H + u.KH > IN_H + PAD_TOP || (OUT_W - 1u) * STRIDE_W + u.KW > IN_W + PAD_LEFT;
#if IN_C % 4 == 0
const IN_STEPS = IN_C / 4;
alias Input = vec4<f32>;
alias Weights = mat4x4<f32>;
#else
const IN_STEPS = IN_C;
alias Input = f32;
alias Weights = vec4<f32>;
#end

fn load_input(row: u32, column: u32, step: u32, row_inside: bool) -> Input {
  let value = load_x((row + min(column, IN_W - 1u)) * IN_STEPS + step);
  // No short-circuit and no early return: each would be a branch, and SwiftShader takes minutes to compile many of them.
  return select(value, select(Input(), value, row_inside & (column < IN_W)), PADDED);
}

// `limit` is where the image row ends, or 0 for a strip that does not exist.
fn store_pixel(pixel: u32, limit: u32, block: u32, sum: vec4<f32>) {
  if ((pixel < limit) & (block < OUT_BLOCKS)) { store(pixel * OUT_BLOCKS + block, sum); }
}

// Image, row and column of a strip's first output.
fn place_of(strip: u32) -> vec3<u32> { return vec3<u32>(strip / (OUT_H * STRIPS), strip / STRIPS % OUT_H, strip % STRIPS * ROWS); }

// The own value and those of the invocations to the right, below and across.
fn exchanged(value: u32) -> array<u32, 4> { return array<u32, 4>(value, quadSwapX(value), quadSwapY(value), quadSwapDiagonal(value)); }
