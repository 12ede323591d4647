// dw[KH,KW,C,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * dy[N,OH,OW,F], for adapters that run four invocations
// as one SIMD unit (SwiftShader); C and F divide by four, and SW is 1 where TAPS is more. A workgroup sums TAPS neighbouring taps
// of a kernel row, which share loads, for 4*CHANNELS channels and 16 filters over the batch, PIXELS (a multiple
// of four) of a row at a time; its four invocations exchange the channels by quad swaps. Loads stand once, in loops (see quad-strips.wgsl).
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
fn store(kh: u32, kw: u32, c: u32, block: u32, sum: vec4<f32>) {
  if ((kw < u.KW) & (c < u.C) & (block < u.F / 4u)) { dw[((kh * u.KW + kw) * u.C + c) * (u.F / 4u) + block] = sum; }
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let kh = group.y / (C_BLOCKS * TAP_GROUPS);
  let kw = group.y / C_BLOCKS % TAP_GROUPS * TAPS;
  let first_block = group.y % C_BLOCKS * 4u;
  let c_block = min(first_block + lane, u.C / CHANNELS - 1u);
  let f_block = group.x * 4u + lane;
  let f = min(f_block, u.F / 4u - 1u);
  var gradients: array<vec4<f32>, PIXELS>;
  var inputs: array<x_t, TAPS + PIXELS - 1u>;
  // Of tap t and channel i of the own block at 4*(CHANNELS*t + i), then of those to the right, below and across.
  var sums: array<vec4<f32>, TAPS * CHANNELS * 4u>;
  var image = 0u;
  var oh = 0u;
  var ow = 0u;
  // One loop with counters, not three nested ones: divisions are slow.
  for (var n = 0u; n < u.N * u.OH * ((u.OW + PIXELS - 1u) / PIXELS); n++) {
    let h = oh * u.SH + kh - u.PT;
    let inside = h < u.H;
    let x_row = (image * u.H + min(h, u.H - 1u)) * u.W;
    let dy_row = (image * u.OH + oh) * u.OW;
    let column = ow * u.SW + kw - u.PL;
    for (var p = 0u; p < PIXELS; p++) { gradients[p] = load_dy(dy_row, ow + p, f); }
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
      const AT = ($t * CHANNELS + $i) * 4u;
      sums[AT] += own; sums[AT + 1] += right; sums[AT + 2] += below; sums[AT + 3] += across;
    }
#end
#end
    ow += PIXELS;
    let next_row = ow >= u.OW;
    ow = select(ow, 0u, next_row);
    oh += select(0u, 1u, next_row);
    let next_image = oh == u.OH;
    oh = select(oh, 0u, next_image);
    image += select(0u, 1u, next_image);
  }
  for (var i = 0u; i < TAPS * CHANNELS * 4u; i++) {
    store(kh, kw + i / (CHANNELS * 4u), (first_block + (lane ^ (i % 4u))) * CHANNELS + i / 4u % CHANNELS, f_block, sums[i]);
  }
}
