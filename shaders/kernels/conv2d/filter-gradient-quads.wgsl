// dw[KH,KW,C,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * dy[N,OH,OW,F], for adapters that run four invocations
// as one SIMD unit (SwiftShader); C and F divide by four, and SW is 1 where TAPS is more. A workgroup sums TAPS neighbouring taps
// of a kernel row, which share loads, for 4*ROWS channels and 16*BLOCKS filters over the batch, four pixels of a row at a time;
// its four invocations exchange the channels by quad swaps.
const C_BLOCKS = (u.C / 4u + ROWS - 1u) / ROWS;
const TAP_GROUPS = (u.KW + TAPS - 1u) / TAPS;
// False where every input that is read lies inside the image: then nothing need be zeroed.
const LAST_COLUMN = ((u.OW + 3u) / 4u * 4u + TAPS - 2u) * u.SW + (TAP_GROUPS - 1u) * TAPS;
const PADDED = u.PL > 0u || LAST_COLUMN >= u.W + u.PL || u.PT > 0u || (u.OH - 1u) * u.SH + u.KH > u.H + u.PT;

// Outside the image zero. No short-circuit and no early return: each would be a branch, and SwiftShader takes minutes to compile many of them.
fn load_x(row: u32, column: u32, row_inside: bool, block: u32) -> vec4<f32> {
  let value = x[(row + min(column, u.W - 1u)) * (u.C / 4u) + block];
  return select(value, select(vec4<f32>(), value, row_inside & (column < u.W)), PADDED);
}
fn load_dy(row: u32, ow: u32, block: u32) -> vec4<f32> {
  let value = dy[(row + min(ow, u.OW - 1u)) * (u.F / 4u) + block];
  return select(value, select(vec4<f32>(), value, ow < u.OW), u.OW % 4u != 0u);
}
fn store(kh: u32, kw: u32, c: u32, block: u32, sum: vec4<f32>) {
  if ((kw < u.KW) & (c < u.C) & (block < u.F / 4u)) { dw[((kh * u.KW + kw) * u.C + c) * (u.F / 4u) + block] = sum; }
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let kh = group.y / (C_BLOCKS * TAP_GROUPS);
  let kw = group.y / C_BLOCKS % TAP_GROUPS * TAPS;
  let c_start = group.y % C_BLOCKS * ROWS;
#unroll q < ROWS / 4
  let c$q = min(c_start + $q * 4u + lane, u.C / 4u - 1u);
#end
#unroll j < BLOCKS
  let f$j = min(group.x * 4u * BLOCKS + $j * 4u + lane, u.F / 4u - 1u);
#unroll t < TAPS
#unroll q < ROWS / 4
#unroll i < 4
  var own$t_$q_$i_$j = vec4<f32>(); var right$t_$q_$i_$j = vec4<f32>(); var below$t_$q_$i_$j = vec4<f32>(); var across$t_$q_$i_$j = vec4<f32>();
#end
#end
#end
#end
  // One loop with counters, not three nested ones: at the edge of each loop every sum is moved, and divisions are slow.
  var image = 0u;
  var oh = 0u;
  var ow = 0u;
  for (var n = 0u; n < u.N * u.OH * ((u.OW + 3u) / 4u); n++) {
    let h = oh * u.SH + kh - u.PT;
    let inside = h < u.H;
    let x_row = (image * u.H + min(h, u.H - 1u)) * u.W;
    let dy_row = (image * u.OH + oh) * u.OW;
    let column = ow * u.SW + kw - u.PL;
#unroll j < BLOCKS
    let dy$j = mat4x4<f32>(load_dy(dy_row, ow, f$j), load_dy(dy_row, ow + 1u, f$j), load_dy(dy_row, ow + 2u, f$j), load_dy(dy_row, ow + 3u, f$j));
#end
#unroll q < ROWS / 4
#unroll p < TAPS + 3
    let x$q_$p = load_x(x_row, column + $p * u.SW, inside, c$q);
    let right_x$q_$p = quadSwapX(x$q_$p);
    let below_x$q_$p = quadSwapY(x$q_$p);
    let across_x$q_$p = quadSwapDiagonal(x$q_$p);
#end
#unroll i < 4
#unroll t < TAPS
#unroll j < BLOCKS
    own$t_$q_$i_$j += dy$j * vec4<f32>(x$q_$t[$i], x$q_${$t + 1}[$i], x$q_${$t + 2}[$i], x$q_${$t + 3}[$i]);
    right$t_$q_$i_$j += dy$j * vec4<f32>(right_x$q_$t[$i], right_x$q_${$t + 1}[$i], right_x$q_${$t + 2}[$i], right_x$q_${$t + 3}[$i]);
    below$t_$q_$i_$j += dy$j * vec4<f32>(below_x$q_$t[$i], below_x$q_${$t + 1}[$i], below_x$q_${$t + 2}[$i], below_x$q_${$t + 3}[$i]);
    across$t_$q_$i_$j += dy$j * vec4<f32>(across_x$q_$t[$i], across_x$q_${$t + 1}[$i], across_x$q_${$t + 2}[$i], across_x$q_${$t + 3}[$i]);
#end
#end
#end
#end
    ow += 4u;
    let next_row = ow >= u.OW;
    ow = select(ow, 0u, next_row);
    oh += select(0u, 1u, next_row);
    let next_image = oh == u.OH;
    oh = select(oh, 0u, next_image);
    image += select(0u, 1u, next_image);
  }
#unroll j < BLOCKS
  {
    let block = group.x * 4u * BLOCKS + $j * 4u + lane;
    // Stores stand once, in a loop: SwiftShader turns each into a branch for every number and takes as long to compile them.
    var sums: array<vec4<f32>, TAPS * ROWS * 4u>;
#unroll t < TAPS
#unroll q < ROWS / 4
#unroll i < 4
    sums[$t * ROWS * 4u + $q * 16u + $i * 4u] = own$t_$q_$i_$j; sums[$t * ROWS * 4u + $q * 16u + $i * 4u + 1u] = right$t_$q_$i_$j;
    sums[$t * ROWS * 4u + $q * 16u + $i * 4u + 2u] = below$t_$q_$i_$j; sums[$t * ROWS * 4u + $q * 16u + $i * 4u + 3u] = across$t_$q_$i_$j;
#end
#end
#end
    for (var i = 0u; i < TAPS * ROWS * 4u; i++) {
      store(kh, kw + i / (ROWS * 4u), (c_start + i % (ROWS * 4u) / 16u * 4u + (lane ^ (i % 4u))) * 4u + i / 4u % 4u, block, sums[i]);
    }
  }
#end
}
