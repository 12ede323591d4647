// dw[KH,KW,C,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * dy[N,OH,OW,F], for adapters that run four invocations
// as one SIMD unit (SwiftShader); C and F divide by four, and SW is 1 where TAPS is more. A workgroup sums TAPS neighbouring taps
// of a kernel row, which share loads, for 4*CHANNELS channels and 16 filters over the batch, four pixels (PIXELS) of a row at a
// time; its four invocations exchange the channels by quad swaps.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let part = part_of(group, lane);
  let c_block = min(part.first_block + lane, u.C / CHANNELS - 1u);
  let f = min(part.f_block, u.F / 4u - 1u);
#unroll t < TAPS
#unroll i < CHANNELS
  var own$t_$i = vec4<f32>(); var right$t_$i = vec4<f32>(); var below$t_$i = vec4<f32>(); var across$t_$i = vec4<f32>();
#end
#end
  // One loop with counters, not three nested ones: at the edge of each loop every sum is moved, and divisions are slow.
  var at = vec3<u32>();
  for (var n = 0u; n < u.N * u.OH * ((u.OW + PIXELS - 1u) / PIXELS); n++) {
    let h = at.y * u.SH + part.kh - u.PT;
    let inside = h < u.H;
    let x_row = (at.x * u.H + min(h, u.H - 1u)) * u.W;
    let dy_row = (at.x * u.OH + at.y) * u.OW;
    let column = at.z * u.SW + part.kw - u.PL;
    let dy4 = mat4x4<f32>(load_dy(dy_row, at.z, f), load_dy(dy_row, at.z + 1u, f), load_dy(dy_row, at.z + 2u, f), load_dy(dy_row, at.z + 3u, f));
#unroll p < TAPS + 3
    let x$p = load_x(x_row, column + $p * u.SW, inside, c_block);
    let right_x$p = quadSwapX(x$p);
    let below_x$p = quadSwapY(x$p);
    let across_x$p = quadSwapDiagonal(x$p);
#end
#unroll t < TAPS
#unroll i < CHANNELS
    own$t_$i += dy4 * vec4<f32>(x$t[$i], x${$t + 1}[$i], x${$t + 2}[$i], x${$t + 3}[$i]);
    right$t_$i += dy4 * vec4<f32>(right_x$t[$i], right_x${$t + 1}[$i], right_x${$t + 2}[$i], right_x${$t + 3}[$i]);
    below$t_$i += dy4 * vec4<f32>(below_x$t[$i], below_x${$t + 1}[$i], below_x${$t + 2}[$i], below_x${$t + 3}[$i]);
    across$t_$i += dy4 * vec4<f32>(across_x$t[$i], across_x${$t + 1}[$i], across_x${$t + 2}[$i], across_x${$t + 3}[$i]);
#end
#end
    at = next_pixels(at);
  }
  // Stores stand once, in a loop: SwiftShader turns each into a branch for every number and takes as long to compile them.
  var sums = array<vec4<f32>, TAPS * CHANNELS * 4u>(
#unroll t < TAPS
#unroll i < CHANNELS
    own$t_$i, right$t_$i, below$t_$i, across$t_$i,
#end
#end
  );
  for (var i = 0u; i < TAPS * CHANNELS * 4u; i++) { store(part, lane, i, sums[i]); }
}
