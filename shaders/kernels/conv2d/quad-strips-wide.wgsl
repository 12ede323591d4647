// A convolution (strips.wgsl) for adapters that run four invocations as one SIMD unit (SwiftShader), for kernels of many
// columns. As quad-strips.wgsl, with four filters to an invocation; but a load compiles to a branch for every number of every
// invocation, and takes as long: so loads stand once, in loops, and what they hand over is kept in arrays.
const COLUMNS = (ROWS - 1u) * STRIDE_W + ${u.KW}u;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let first_strip = group.y * 4u;
  let strip = min(first_strip + lane, u.ALL_STRIPS - 1u);
  let place = place_of(strip);
  let out_column = place.z;
  let block = group.x * 4u + lane;
  let w_block = min(block, u.OUT_BLOCKS - 1u);
  var inputs: array<Input, COLUMNS>;
  var weights: array<Weights, ${u.KW}>;
#unroll r < ROWS
  var own$r = vec4<f32>(); var right$r = vec4<f32>(); var below$r = vec4<f32>(); var across$r = vec4<f32>();
#end
  let width = u.IN_W;
  let steps = u.IN_STEPS;
  var at = vec2<u32>();
  // One loop with counters, not two nested ones: each hands every sum over where it begins and where it goes round.
  for (var i = 0u; i < ${u.KH}u * steps; i++) {
    let row = row_of(place, at.x, width);
    for (var j = 0u; j < COLUMNS; j++) { inputs[j] = load_input(row.start, out_column * STRIDE_W + j - u.PAD_LEFT, at.y, row.inside, width, steps); }
    for (var kw = 0u; kw < ${u.KW}u; kw++) { weights[kw] = load_w(at.x, kw, at.y, w_block); }
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
#unroll k < u.KW
    own$r += w$k * own_x${$r * STRIDE_W + $k};
    right$r += w$k * right_x${$r * STRIDE_W + $k};
    below$r += w$k * below_x${$r * STRIDE_W + $k};
    across$r += w$k * across_x${$r * STRIDE_W + $k};
#end
#end
    at = next_turn(at, steps);
  }
  var targets = targets_of(strip, out_column, first_strip + lane < u.ALL_STRIPS);
  let bias = bias_of(w_block);
  // Made of its elements, not filled with zeros first: each store is a branch for every number.
  var sums = array<vec4<f32>, 4u * ROWS>(
#unroll r < ROWS
    own$r, right$r, below$r, across$r,
#end
  );
  for (var i = 0u; i < 4u * ROWS; i++) { store_pixel(targets.pixels[i % 4u] + i / 4u, targets.limits[i % 4u], block, sums[i] + bias); }
}
