// y[N,OH,OW,F] = act(sum over KH,KW,C of x * w + bias[F]) for few taps (KH*KW*C), on adapters that run four invocations as one
// SIMD unit (SwiftShader). Each invocation holds the input under a strip of ROWS neighbouring outputs and the taps of its four
// filters; strips are exchanged by quad swaps. Every output is summed at one go, so that no sum is kept from tap to tap.
const STRIPS = (u.OW + ROWS - 1u) / ROWS;
const ALL_STRIPS = u.N * u.OH * STRIPS;
// False where every input that an output reads lies inside the image: then nothing need be zeroed.
const PADDED = u.PT > 0u || u.PL > 0u || (u.OH - 1u) * u.SH + u.KH > u.H + u.PT || (u.OW - 1u) * u.SW + u.KW > u.W + u.PL;

fn load_x(row: u32, column: u32, c: u32, row_inside: bool) -> f32 {
  let value = x[(row + min(column, u.W - 1u)) * u.C + c];
  // No short-circuit and no early return: each would be a branch, and SwiftShader takes minutes to compile many of them.
  return select(value, select(0.0, value, row_inside & (column < u.W)), PADDED);
}

fn store(pixel: u32, limit: u32, block: u32, sum: vec4<f32>) {
  if (pixel < limit) { y[pixel * (u.F / 4u) + block] = activate(sum); }
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let first_strip = group.y * 4u;
  let strip = min(first_strip + lane, ALL_STRIPS - 1u);
  let line = strip / STRIPS;
  let column = strip % STRIPS * ROWS;
  let image_row = line / u.OH * u.H;
#unroll kh < u.KH
  // Before the first row or column the unsigned position wraps around, so one comparison covers both edges.
  let h$kh = line % u.OH * u.SH + $kh - u.PT;
  let row$kh = (image_row + min(h$kh, u.H - 1u)) * u.W;
#unroll c < u.C
#unroll i < ROWS - 1 * u.SW + u.KW
  let own$kh_$c_$i = load_x(row$kh, column * u.SW + $i - u.PL, $c, h$kh < u.H);
  let right$kh_$c_$i = quadSwapX(own$kh_$c_$i);
  let below$kh_$c_$i = quadSwapY(own$kh_$c_$i);
  let across$kh_$c_$i = quadSwapDiagonal(own$kh_$c_$i);
#end
#end
#end
  let pixel = line * u.OW + column;
  let limit = select(0u, (line + 1u) * u.OW, first_strip + lane < ALL_STRIPS);
  let right_pixel = quadSwapX(pixel); let right_limit = quadSwapX(limit);
  let below_pixel = quadSwapY(pixel); let below_limit = quadSwapY(limit);
  let across_pixel = quadSwapDiagonal(pixel); let across_limit = quadSwapDiagonal(limit);
#unroll j < BLOCKS
  {
    let block = group.x * 4u * BLOCKS + $j * 4u + lane;
    if (u.F % (16u * BLOCKS) == 0u || block < u.F / 4u) {
      let bias = bias_at(block);
#unroll kh < u.KH
#unroll kw < u.KW
#unroll c < u.C
      let w$kh_$kw_$c = w[(($kh * u.KW + $kw) * u.C + $c) * (u.F / 4u) + block];
#end
#end
#end
#unroll r < ROWS
      {
        var own = bias; var right = bias; var below = bias; var across = bias;
#unroll kh < u.KH
#unroll kw < u.KW
#unroll c < u.C
        own += w$kh_$kw_$c * own$kh_$c_${$r * u.SW + $kw};
#end
#end
#end
        store(pixel + $r, limit, block, own);
#unroll kh < u.KH
#unroll kw < u.KW
#unroll c < u.C
        right += w$kh_$kw_$c * right$kh_$c_${$r * u.SW + $kw};
#end
#end
#end
        store(right_pixel + $r, right_limit, block, right);
#unroll kh < u.KH
#unroll kw < u.KW
#unroll c < u.C
        below += w$kh_$kw_$c * below$kh_$c_${$r * u.SW + $kw};
#end
#end
#end
        store(below_pixel + $r, below_limit, block, below);
#unroll kh < u.KH
#unroll kw < u.KW
#unroll c < u.C
        across += w$kh_$kw_$c * across$kh_$c_${$r * u.SW + $kw};
#end
#end
#end
        store(across_pixel + $r, across_limit, block, across);
      }
#end
    }
  }
#end
}
