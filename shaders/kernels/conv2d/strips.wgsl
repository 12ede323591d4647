// Strips of ROWS neighbouring outputs of x convolved with w, then bias and activation, four strips to a workgroup: what
// quad-strips.wgsl and quad-strips-wide.wgsl share. Shapes come at run time (`stripNumbers` in conv2d.algorithms.ts); only what
// is written out, the kernel's rows and columns and the strides, is text.
const STRIDE_W = ${u.SW}u;
#if u.IN_C % 4 == 0
alias Input = vec4<f32>;
alias Weights = mat4x4<f32>;
// w[kh, kw, 4*step .. 4*step+3, 4*block .. 4*block+3]; the matrix's columns run over filters.
fn load_w(kh: u32, kw: u32, step: u32, block: u32) -> Weights {
  let row = u.OUT_BLOCKS;
  let at = ((kh * ${u.KW}u + kw) * u.IN_C + step * 4u) * row + block;
  return mat4x4<f32>(w[at], w[at + row], w[at + 2u * row], w[at + 3u * row]);
}
#else
alias Input = f32;
alias Weights = vec4<f32>;
fn load_w(kh: u32, kw: u32, step: u32, block: u32) -> Weights { return w[((kh * ${u.KW}u + kw) * u.IN_C + step) * u.OUT_BLOCKS + block]; }
#end

// `width` and `steps` are u.IN_W and u.IN_STEPS: each mention of one reads it anew.
fn load_input(row: u32, column: u32, step: u32, row_inside: bool, width: u32, steps: u32) -> Input {
#if u.PADDED == 1
  let value = x[(row + min(column, width - 1u)) * steps + step];
  // No short-circuit and no early return: each would be a branch, and SwiftShader takes minutes to compile many of them.
  return select(Input(), value, row_inside & (column < width));
#else
  return x[(row + min(column, width - 1u)) * steps + step];
#end
}

#if u.BIAS == 1
fn bias_of(block: u32) -> vec4<f32> { return bias_at(block); }
#else
fn bias_of(block: u32) -> vec4<f32> { return vec4<f32>(); }
#end

// `limit` is where the image row ends, or 0 for a strip that does not exist.
fn store_pixel(pixel: u32, limit: u32, block: u32, sum: vec4<f32>) {
  if ((pixel < limit) & (block < u.OUT_BLOCKS)) { y[pixel * u.OUT_BLOCKS + block] = activate(sum); }
}

// Image, row and column of a strip's first output.
fn place_of(strip: u32) -> vec3<u32> { return vec3<u32>(strip / (u.OUT_H * u.STRIPS), strip / u.STRIPS % u.OUT_H, strip % u.STRIPS * ROWS); }

// First row of x under it, of all images', and whether it lies inside: before the first row or column an unsigned position wraps
// around, so one comparison covers both edges.
struct Row { start: u32, inside: bool }
fn row_of(place: vec3<u32>, kh: u32, width: u32) -> Row {
  let h = place.y * ${u.SH}u + kh - u.PAD_TOP;
  return Row((place.x * u.IN_H + min(h, u.IN_H - 1u)) * width, h < u.IN_H);
}

// The own value and those of the invocations to the right, below and across.
fn exchanged(value: u32) -> array<u32, 4> { return array<u32, 4>(value, quadSwapX(value), quadSwapY(value), quadSwapDiagonal(value)); }

// The four pixels that an invocation stores next to (of the own strip and of those to the right, below and across), and their limits.
struct Targets { pixels: array<u32, 4>, limits: array<u32, 4> }
// Divisions are slow there, so each strip's place is worked out once and swapped.
fn targets_of(strip: u32, column: u32, exists: bool) -> Targets {
  let first_pixel = strip / u.STRIPS * u.OUT_W + column;
  return Targets(exchanged(first_pixel), exchanged(select(0u, first_pixel - column + u.OUT_W, exists)));
}

// Row of the kernel and step, of the next turn of one loop over both.
fn next_turn(at: vec2<u32>, steps: u32) -> vec2<u32> {
  let next_row = at.y + 1u == steps;
  return vec2<u32>(at.x + select(0u, 1u, next_row), select(at.y + 1u, 0u, next_row));
}
