// dw[KH,KW,C,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * dy[N,OH,OW,F], for adapters that run four invocations
// as one SIMD unit (SwiftShader); C and F divide by four, and SW is 1 where TAPS is more. A workgroup sums TAPS neighbouring taps
// of a kernel row, which share loads, for 4*CHANNELS channels and 16 filters over the batch, PIXELS (a multiple of four) of a row
// at a time; its four invocations exchange the channels by quad swaps.
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

// Where a workgroup's taps, channels and filters begin.
struct Part { kh: u32, kw: u32, first_block: u32, f_block: u32 }
fn part_of(group: vec3<u32>, lane: u32) -> Part {
  return Part(group.y / (C_BLOCKS * TAP_GROUPS), group.y / C_BLOCKS % TAP_GROUPS * TAPS, group.y % C_BLOCKS * 4u, group.x * 4u + lane);
}

// Image, row and column of the next pixels. Counters, as divisions are slow.
fn next_pixels(at: vec3<u32>) -> vec3<u32> {
  let ow = at.z + PIXELS;
  let next_row = ow >= u.OW;
  let oh = at.y + select(0u, 1u, next_row);
  let next_image = oh == u.OH;
  return vec3<u32>(at.x + select(0u, 1u, next_image), select(oh, 0u, next_image), select(ow, 0u, next_row));
}

// Sum i: of tap t and channel c of the own block at 4*(CHANNELS*t + c), then of those to the right, below and across.
fn store(part: Part, lane: u32, i: u32, sum: vec4<f32>) {
  let kw = part.kw + i / (CHANNELS * 4u);
  let c = (part.first_block + (lane ^ (i % 4u))) * CHANNELS + i / 4u % CHANNELS;
  if ((kw < u.KW) & (c < u.C) & (part.f_block < u.F / 4u)) { dw[((part.kh * u.KW + kw) * u.C + c) * (u.F / 4u) + part.f_block] = sum; }
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let part = part_of(group, lane);
  let c_block = min(part.first_block + lane, u.C / CHANNELS - 1u);
  let f = min(part.f_block, u.F / 4u - 1u);
#if TAPS > 3
  var gradients: array<vec4<f32>, PIXELS>;
  var inputs: array<x_t, TAPS + PIXELS - 1u>;
#end
#unroll t < TAPS
#unroll i < CHANNELS
  var own$t_$i = vec4<f32>(); var right$t_$i = vec4<f32>(); var below$t_$i = vec4<f32>(); var across$t_$i = vec4<f32>();
#end
#end
  var at = vec3<u32>();
  // One loop with counters, not three nested ones: at the edge of each loop every sum is moved, and divisions are slow.
  for (var n = 0u; n < u.N * u.OH * ((u.OW + PIXELS - 1u) / PIXELS); n++) {
    let h = at.y * u.SH + part.kh - u.PT;
    let inside = h < u.H;
    let x_row = (at.x * u.H + min(h, u.H - 1u)) * u.W;
    let dy_row = (at.x * u.OH + at.y) * u.OW;
    let column = at.z * u.SW + part.kw - u.PL;
#if TAPS > 3
    // Many loads stand once, in loops (see quad-strips-wide.wgsl).
    for (var p = 0u; p < PIXELS; p++) { gradients[p] = load_dy(dy_row, at.z + p, f); }
    for (var p = 0u; p < TAPS + PIXELS - 1u; p++) { inputs[p] = load_x(x_row, column + p * u.SW, inside, c_block); }
#unroll q < PIXELS / 4
    let dy$q = mat4x4<f32>(gradients[4 * $q], gradients[4 * $q + 1], gradients[4 * $q + 2], gradients[4 * $q + 3]);
#end
#else
#unroll q < PIXELS / 4
    let dy$q = mat4x4<f32>(load_dy(dy_row, at.z + 4u * $q, f), load_dy(dy_row, at.z + 4u * $q + 1u, f), load_dy(dy_row, at.z + 4u * $q + 2u, f), load_dy(dy_row, at.z + 4u * $q + 3u, f));
#end
#end
#unroll p < TAPS + PIXELS - 1
#if TAPS > 3
    let own_x$p = inputs[$p];
#else
    let own_x$p = load_x(x_row, column + $p * u.SW, inside, c_block);
#end
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
