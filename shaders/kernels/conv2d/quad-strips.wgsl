// A convolution of the included problem for adapters that run four invocations as one SIMD unit (SwiftShader).
// Each invocation loads the input under a strip of ROWS neighbouring outputs, so that taps of one kernel row share loads, and
// the four exchange strips by quad swaps: invocation l makes the strips of l, l^1, l^2 and l^3 for its own 4*BLOCKS filters.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let first_strip = group.y * 4u;
  let strip = min(first_strip + lane, ALL_STRIPS - 1u);
  let place = place_of(strip);
  let out_column = place.z;
#unroll j < BLOCKS
  let block$j = min(group.x * 4u * BLOCKS + $j * 4u + lane, OUT_BLOCKS - 1u);
#unroll r < ROWS
  var own$r_$j = vec4<f32>(); var right$r_$j = vec4<f32>(); var below$r_$j = vec4<f32>(); var across$r_$j = vec4<f32>();
#end
#end
  for (var kh = 0u; kh < u.KH; kh++) {
    // Before the first row or column the unsigned position wraps around, so one comparison covers both edges.
    let h = place.y * STRIDE_H + kh - PAD_TOP;
    let row_inside = h < IN_H;
    let row = (place.x * IN_H + min(h, IN_H - 1u)) * IN_W;
    for (var step = 0u; step < IN_STEPS; step++) {
#unroll i < ROWS - 1 * STRIDE_W + u.KW
      let x$i = load_input(row, out_column * STRIDE_W + $i - PAD_LEFT, step, row_inside);
      let right_x$i = quadSwapX(x$i);
      let below_x$i = quadSwapY(x$i);
      let across_x$i = quadSwapDiagonal(x$i);
#end
#unroll kw < u.KW
#unroll j < BLOCKS
      let w$kw_$j = load_w(kh, $kw, step, block$j);
#unroll r < ROWS
      own$r_$j += w$kw_$j * x${$r * STRIDE_W + $kw};
      right$r_$j += w$kw_$j * right_x${$r * STRIDE_W + $kw};
      below$r_$j += w$kw_$j * below_x${$r * STRIDE_W + $kw};
      across$r_$j += w$kw_$j * across_x${$r * STRIDE_W + $kw};
#end
#end
#end
    }
  }
  // Divisions are slow there, so each strip's place is worked out once and swapped.
  let first_pixel = strip / STRIPS * OUT_W + out_column;
  let limit = select(0u, first_pixel - out_column + OUT_W, first_strip + lane < ALL_STRIPS);
  var pixels = exchanged(first_pixel);
  var limits = exchanged(limit);
#unroll j < BLOCKS
  {
    let block = group.x * 4u * BLOCKS + $j * 4u + lane;
    let bias = bias_of(block$j);
    // Stores stand once, in a loop: SwiftShader turns each into a branch for every number and takes as long to compile them.
    var sums: array<vec4<f32>, 4u * ROWS>;
#unroll r < ROWS
    sums[4u * $r] = own$r_$j; sums[4u * $r + 1u] = right$r_$j; sums[4u * $r + 2u] = below$r_$j; sums[4u * $r + 3u] = across$r_$j;
#end
    for (var i = 0u; i < 4u * ROWS; i++) { store_pixel(pixels[i % 4u] + i / 4u, limits[i % 4u], block, sums[i] + bias); }
  }
#end
}
