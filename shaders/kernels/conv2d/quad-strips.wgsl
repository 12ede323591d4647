// A convolution (strips.wgsl) for adapters that run four invocations as one SIMD unit (SwiftShader).
// Each invocation loads the input under a strip of ROWS neighbouring outputs, so that taps of one kernel row share loads, and
// the four exchange strips by quad swaps: invocation l makes the strips of l, l^1, l^2 and l^3 for its own 4*BLOCKS filters.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let first_strip = group.y * 4u;
  let strip = min(first_strip + lane, u.ALL_STRIPS - 1u);
  let place = place_of(strip);
  let out_column = place.z;
#unroll j < BLOCKS
  let block$j = min(group.x * 4u * BLOCKS + $j * 4u + lane, u.OUT_BLOCKS - 1u);
#unroll r < ROWS
  var own$r_$j = vec4<f32>(); var right$r_$j = vec4<f32>(); var below$r_$j = vec4<f32>(); var across$r_$j = vec4<f32>();
#end
#end
  let width = u.IN_W;
  let steps = u.IN_STEPS;
  var at = vec2<u32>();
  // One loop with counters, not two nested ones: each hands every sum over where it begins and where it goes round.
  for (var i = 0u; i < ${u.KH}u * steps; i++) {
    let row = row_of(place, at.x, width);
#unroll i < ROWS - 1 * STRIDE_W + u.KW
    let x$i = load_input(row.start, out_column * STRIDE_W + $i - u.PAD_LEFT, at.y, row.inside, width, steps);
    let right_x$i = quadSwapX(x$i);
    let below_x$i = quadSwapY(x$i);
    let across_x$i = quadSwapDiagonal(x$i);
#end
#unroll kw < u.KW
#unroll j < BLOCKS
    let w$kw_$j = load_w(at.x, $kw, at.y, block$j);
#unroll r < ROWS
    own$r_$j += w$kw_$j * x${$r * STRIDE_W + $kw};
    right$r_$j += w$kw_$j * right_x${$r * STRIDE_W + $kw};
    below$r_$j += w$kw_$j * below_x${$r * STRIDE_W + $kw};
    across$r_$j += w$kw_$j * across_x${$r * STRIDE_W + $kw};
#end
#end
#end
    at = next_turn(at, steps);
  }
  var targets = targets_of(strip, out_column, first_strip + lane < u.ALL_STRIPS);
#unroll j < BLOCKS
  {
    let block = group.x * 4u * BLOCKS + $j * 4u + lane;
    let bias = bias_of(block$j);
    // Stores stand once, in a loop: SwiftShader turns each into a branch for every number and takes as long to compile them.
    var sums = array<vec4<f32>, 4u * ROWS>(
#unroll r < ROWS
      own$r_$j, right$r_$j, below$r_$j, across$r_$j,
#end
    );
    for (var i = 0u; i < 4u * ROWS; i++) { store_pixel(targets.pixels[i % 4u] + i / 4u, targets.limits[i % 4u], block, sums[i] + bias); }
  }
#end
}
