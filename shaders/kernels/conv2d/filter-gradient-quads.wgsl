// dw[KH,KW,C,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * dy[N,OH,OW,F], for adapters that run four invocations
// as one SIMD unit (SwiftShader); C and F divide by four. A workgroup sums one tap (KH,KW) for 4*ROWS channels and 16*BLOCKS
// filters over the batch, four pixels of a row at a time; its four invocations exchange the channels by quad swaps.
const PADDED = u.OW % 4u != 0u || u.PL > 0u || (u.OW - 1u) * u.SW + u.KW > u.W + u.PL || u.PT > 0u || (u.OH - 1u) * u.SH + u.KH > u.H + u.PT;
const C_BLOCKS = (u.C / 4u + ROWS - 1u) / ROWS;

fn load_x(row: u32, column: u32, block: u32) -> vec4<f32> { return x[(row + min(column, u.W - 1u)) * (u.C / 4u) + block]; }

// Where a pixel or the x that it reads lies outside, dy is taken as zero, so that x need not be.
fn load_dy(row: u32, ow: u32, column: u32, row_inside: bool, block: u32) -> vec4<f32> {
  let value = dy[(row + min(ow, u.OW - 1u)) * (u.F / 4u) + block];
  return select(value, select(vec4<f32>(), value, row_inside & (ow < u.OW) & (column < u.W)), PADDED);
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
  // One loop with counters, not three nested ones: at the edge of each loop every sum is moved, and divisions are slow.
  var image = 0u;
  var oh = 0u;
  var ow = 0u;
  for (var i = 0u; i < u.N * u.OH * ((u.OW + 3u) / 4u); i += DEPTH) {
#unroll d < DEPTH
    {
      let h = oh * u.SH + kh - u.PT;
      let inside = h < u.H;
      let x_row = (image * u.H + min(h, u.H - 1u)) * u.W;
      let dy_row = (image * u.OH + oh) * u.OW;
      let column = ow * u.SW + kw - u.PL;
#unroll j < BLOCKS
      let dy$j = mat4x4<f32>(
        load_dy(dy_row, ow, column, inside, f$j), load_dy(dy_row, ow + 1u, column + u.SW, inside, f$j),
        load_dy(dy_row, ow + 2u, column + 2u * u.SW, inside, f$j), load_dy(dy_row, ow + 3u, column + 3u * u.SW, inside, f$j));
#end
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
      ow += 4u;
      let next_row = ow >= u.OW;
      ow = select(ow, 0u, next_row);
      oh += select(0u, 1u, next_row);
      let next_image = oh == u.OH;
      oh = select(oh, 0u, next_image);
      image += select(0u, 1u, next_image);
    }
#end
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
