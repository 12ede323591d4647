// dw[KH,KW,C,F] of filter-gradient-quads.wgsl, for kernels of many columns: PIXELS (a multiple of four) of a row at a time, and loads
// stand once, in loops (see quad-strips-wide.wgsl).
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let part = part_of(group, lane);
  let c_block = min(part.first_block + lane, u.C / CHANNELS - 1u);
  let f = min(part.f_block, u.F / 4u - 1u);
  var gradients: array<vec4<f32>, PIXELS>;
  var inputs: array<x_t, TAPS + PIXELS - 1u>;
#unroll t < TAPS
#unroll i < CHANNELS
  var own$t_$i = vec4<f32>(); var right$t_$i = vec4<f32>(); var below$t_$i = vec4<f32>(); var across$t_$i = vec4<f32>();
#end
#end
  var at = vec3<u32>();
  // One loop with counters, not three nested ones: divisions are slow.
  for (var n = 0u; n < u.N * u.OH * ((u.OW + PIXELS - 1u) / PIXELS); n++) {
    let h = at.y * u.SH + part.kh - u.PT;
    let inside = h < u.H;
    let x_row = (at.x * u.H + min(h, u.H - 1u)) * u.W;
    let dy_row = (at.x * u.OH + at.y) * u.OW;
    let column = at.z * u.SW + part.kw - u.PL;
    for (var p = 0u; p < PIXELS; p++) { gradients[p] = load_dy(dy_row, at.z + p, f); }
    for (var p = 0u; p < TAPS + PIXELS - 1u; p++) { inputs[p] = load_x(x_row, column + p * u.SW, inside, c_block); }
#unroll q < PIXELS / 4
    let dy$q = mat4x4<f32>(gradients[4 * $q], gradients[4 * $q + 1], gradients[4 * $q + 2], gradients[4 * $q + 3]);
#end
#unroll p < TAPS + PIXELS - 1
    let own_x$p = inputs[$p];
    let right_x$p = quadSwapX(own_x$p);
    let below_x$p = quadSwapY(own_x$p);
    let across_x$p = quadSwapDiagonal(own_x$p);
#end
#unroll t < TAPS
#unroll i < CHANNELS
    {
      var own = dy0 * vec4<f32>(own_x$t[$i], own_x${$t + 1}[$i], own_x${$t + 2}[$i], own_x${$t + 3}[$i]);
      var right = dy0 * vec4<f32>(right_x$t[$i], right_x${$t + 1}[$i], right_x${$t + 2}[$i], right_x${$t + 3}[$i]);
      var below = dy0 * vec4<f32>(below_x$t[$i], below_x${$t + 1}[$i], below_x${$t + 2}[$i], below_x${$t + 3}[$i]);
      var across = dy0 * vec4<f32>(across_x$t[$i], across_x${$t + 1}[$i], across_x${$t + 2}[$i], across_x${$t + 3}[$i]);
#unroll q < PIXELS / 4 - 1
      own += dy${$q + 1} * vec4<f32>(own_x${$q * 4 + $t + 4}[$i], own_x${$q * 4 + $t + 5}[$i], own_x${$q * 4 + $t + 6}[$i], own_x${$q * 4 + $t + 7}[$i]);
      right += dy${$q + 1} * vec4<f32>(right_x${$q * 4 + $t + 4}[$i], right_x${$q * 4 + $t + 5}[$i], right_x${$q * 4 + $t + 6}[$i], right_x${$q * 4 + $t + 7}[$i]);
      below += dy${$q + 1} * vec4<f32>(below_x${$q * 4 + $t + 4}[$i], below_x${$q * 4 + $t + 5}[$i], below_x${$q * 4 + $t + 6}[$i], below_x${$q * 4 + $t + 7}[$i]);
      across += dy${$q + 1} * vec4<f32>(across_x${$q * 4 + $t + 4}[$i], across_x${$q * 4 + $t + 5}[$i], across_x${$q * 4 + $t + 6}[$i], across_x${$q * 4 + $t + 7}[$i]);
#end
      own$t_$i += own; right$t_$i += right; below$t_$i += below; across$t_$i += across;
    }
#end
#end
    at = next_pixels(at);
  }
  // Of tap t and channel i of the own block at 4*(CHANNELS*t + i), then of those to the right, below and across.
  var sums = array<vec4<f32>, TAPS * CHANNELS * 4u>(
#unroll t < TAPS
#unroll i < CHANNELS
    own$t_$i, right$t_$i, below$t_$i, across$t_$i,
#end
#end
  );
  for (var i = 0u; i < TAPS * CHANNELS * 4u; i++) { store(part, lane, i, sums[i]); }
}
