// dw[KH,KW,C,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * dy[N,OH,OW,F], for adapters that run four invocations
// as one SIMD unit (SwiftShader); C and F divide by four. A workgroup sums one tap (KH,KW) for 4*ROWS channels and 16*BLOCKS
// filters over the batch, four pixels of a row at a time; its four invocations exchange the channels by quad swaps.
const C_BLOCKS = (u.C / 4u + ROWS - 1u) / ROWS;

fn load_x(row: u32, column: u32, block: u32) -> vec4<f32> {
  let value = x[(row + min(column, u.W - 1u)) * (u.C / 4u) + block];
  return select(vec4<f32>(), value, column < u.W);
}
fn load_dy(row: u32, column: u32, block: u32) -> vec4<f32> {
#if u.OW % 4 == 0
  return dy[(row + column) * (u.F / 4u) + block];
#else
  return select(vec4<f32>(), dy[(row + min(column, u.OW - 1u)) * (u.F / 4u) + block], column < u.OW);
#end
}
fn store(tap: u32, c: u32, block: u32, sum: vec4<f32>) {
  if ((c < u.C) & (block < u.F / 4u)) { dw[(tap * u.C + c) * (u.F / 4u) + block] = sum; }
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let tap = group.y / C_BLOCKS;
  let kh = tap / u.KW;
  let kw = tap % u.KW;
  let c_start = group.y % C_BLOCKS * ROWS;
#unroll q < ROWS / 4
  let c$q = min(c_start + $q * 4u + lane, u.C / 4u - 1u);
#end
#unroll j < BLOCKS
  let f$j = min(group.x * 4u * BLOCKS + $j * 4u + lane, u.F / 4u - 1u);
#unroll q < ROWS / 4
#unroll i < 4
  var own$q_$i_$j = vec4<f32>(); var right$q_$i_$j = vec4<f32>(); var below$q_$i_$j = vec4<f32>(); var across$q_$i_$j = vec4<f32>();
#end
#end
#end
  for (var line = 0u; line < u.N * u.OH; line++) {
    let h = line % u.OH * u.SH + kh - u.PT;
    if (h >= u.H) { continue; }
    let x_row = (line / u.OH * u.H + h) * u.W;
    for (var ow = 0u; ow < u.OW; ow += 4u) {
#unroll j < BLOCKS
      let dy$j = mat4x4<f32>(load_dy(line * u.OW, ow, f$j), load_dy(line * u.OW, ow + 1u, f$j), load_dy(line * u.OW, ow + 2u, f$j), load_dy(line * u.OW, ow + 3u, f$j));
#end
      let column = ow * u.SW + kw - u.PL;
#unroll q < ROWS / 4
      let x$q = transpose(mat4x4<f32>(load_x(x_row, column, c$q), load_x(x_row, column + u.SW, c$q), load_x(x_row, column + 2u * u.SW, c$q), load_x(x_row, column + 3u * u.SW, c$q)));
#unroll i < 4
      let right_x$q_$i = quadSwapX(x$q[$i]);
      let below_x$q_$i = quadSwapY(x$q[$i]);
      let across_x$q_$i = quadSwapDiagonal(x$q[$i]);
#unroll j < BLOCKS
      own$q_$i_$j += dy$j * x$q[$i];
      right$q_$i_$j += dy$j * right_x$q_$i;
      below$q_$i_$j += dy$j * below_x$q_$i;
      across$q_$i_$j += dy$j * across_x$q_$i;
#end
#end
#end
    }
  }
#unroll q < ROWS / 4
#unroll i < 4
#unroll j < BLOCKS
  {
    let block = group.x * 4u * BLOCKS + $j * 4u + lane;
    let c = (c_start + $q * 4u) * 4u + $i;
    store(tap, c + lane * 4u, block, own$q_$i_$j);
    store(tap, c + (lane ^ 1u) * 4u, block, right$q_$i_$j);
    store(tap, c + (lane ^ 2u) * 4u, block, below$q_$i_$j);
    store(tap, c + (lane ^ 3u) * 4u, block, across$q_$i_$j);
  }
#end
#end
#end
}
