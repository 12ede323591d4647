// A convolution of the included problem for adapters that run four invocations as one SIMD unit (SwiftShader).
// Each invocation loads the input under a strip of ROWS neighbouring outputs, so that taps of one kernel row share loads, and
// the four exchange strips by quad swaps: invocation l makes the strips of l, l^1, l^2 and l^3 for its own four filters.
// SwiftShader compiles a load as a branch for every number of every invocation, and takes as long: so loads and stores stand once,
// in loops, and what they hand over is kept in arrays, whose elements cost nothing where the index is written out.
const STRIPS = (OUT_W + ROWS - 1u) / ROWS;
const COLUMNS = (ROWS - 1u) * STRIDE_W + u.KW;
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

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let first_strip = group.y * 4u;
  let strip = min(first_strip + lane, ALL_STRIPS - 1u);
  let image = strip / (OUT_H * STRIPS);
  let out_row = strip / STRIPS % OUT_H;
  let out_column = strip % STRIPS * ROWS;
  let block = group.x * 4u + lane;
  let w_block = min(block, OUT_BLOCKS - 1u);
  var inputs: array<Input, COLUMNS>;
  var weights: array<Weights, u.KW>;
  // Of pixel r of the own strip at 4*r, then of those to the right, below and across.
  var sums: array<vec4<f32>, 4u * ROWS>;
  for (var kh = 0u; kh < u.KH; kh++) {
    // Before the first row or column the unsigned position wraps around, so one comparison covers both edges.
    let h = out_row * STRIDE_H + kh - PAD_TOP;
    let row_inside = h < IN_H;
    let row = (image * IN_H + min(h, IN_H - 1u)) * IN_W;
    for (var step = 0u; step < IN_STEPS; step++) {
      for (var i = 0u; i < COLUMNS; i++) { inputs[i] = load_input(row, out_column * STRIDE_W + i - PAD_LEFT, step, row_inside); }
      for (var kw = 0u; kw < u.KW; kw++) { weights[kw] = load_w(kh, kw, step, w_block); }
#unroll kw < u.KW
      let w$kw = weights[$kw];
#end
#unroll i < ROWS - 1 * STRIDE_W + u.KW
      let own_x$i = inputs[$i];
      let right_x$i = quadSwapX(own_x$i);
      let below_x$i = quadSwapY(own_x$i);
      let across_x$i = quadSwapDiagonal(own_x$i);
#end
#unroll r < ROWS
      var own$r = w0 * own_x${$r * STRIDE_W};
      var right$r = w0 * right_x${$r * STRIDE_W};
      var below$r = w0 * below_x${$r * STRIDE_W};
      var across$r = w0 * across_x${$r * STRIDE_W};
#unroll k < u.KW - 1
      own$r += w${$k + 1} * own_x${$r * STRIDE_W + $k + 1};
      right$r += w${$k + 1} * right_x${$r * STRIDE_W + $k + 1};
      below$r += w${$k + 1} * below_x${$r * STRIDE_W + $k + 1};
      across$r += w${$k + 1} * across_x${$r * STRIDE_W + $k + 1};
#end
      sums[4 * $r] += own$r; sums[4 * $r + 1] += right$r; sums[4 * $r + 2] += below$r; sums[4 * $r + 3] += across$r;
#end
    }
  }
  // Divisions are slow there, so each strip's place is worked out once and swapped.
  let first_pixel = strip / STRIPS * OUT_W + out_column;
  let limit = select(0u, first_pixel - out_column + OUT_W, first_strip + lane < ALL_STRIPS);
  var pixels = array<u32, 4>(first_pixel, quadSwapX(first_pixel), quadSwapY(first_pixel), quadSwapDiagonal(first_pixel));
  var limits = array<u32, 4>(limit, quadSwapX(limit), quadSwapY(limit), quadSwapDiagonal(limit));
  let bias = bias_of(w_block);
  for (var i = 0u; i < 4u * ROWS; i++) { store_pixel(pixels[i % 4u] + i / 4u, limits[i % 4u], block, sums[i] + bias); }
}
