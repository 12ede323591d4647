// A convolution of the included problem for adapters that run four invocations as one SIMD unit (SwiftShader), for kernels of many
// columns. As quad-strips.wgsl, with four filters to an invocation; but a load compiles to a branch for every number of every
// invocation, and takes as long: so loads stand once, in loops, and what they hand over is kept in arrays, whose elements cost
// nothing where the index is written out. Sums are kept so too, and touched once for all columns.
const COLUMNS = (ROWS - 1u) * STRIDE_W + u.KW;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let first_strip = group.y * 4u;
  let strip = min(first_strip + lane, ALL_STRIPS - 1u);
  let place = place_of(strip);
  let out_column = place.z;
  let block = group.x * 4u + lane;
  let w_block = min(block, OUT_BLOCKS - 1u);
  var inputs: array<Input, COLUMNS>;
  var weights: array<Weights, u.KW>;
  // Of pixel r of the own strip at 4*r, then of those to the right, below and across.
  var sums: array<vec4<f32>, 4u * ROWS>;
  for (var kh = 0u; kh < u.KH; kh++) {
    // Before the first row or column the unsigned position wraps around, so one comparison covers both edges.
    let h = place.y * STRIDE_H + kh - PAD_TOP;
    let row_inside = h < IN_H;
    let row = (place.x * IN_H + min(h, IN_H - 1u)) * IN_W;
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
  var pixels = exchanged(first_pixel);
  var limits = exchanged(limit);
  let bias = bias_of(w_block);
  for (var i = 0u; i < 4u * ROWS; i++) { store_pixel(pixels[i % 4u] + i / 4u, limits[i % 4u], block, sums[i] + bias); }
}
