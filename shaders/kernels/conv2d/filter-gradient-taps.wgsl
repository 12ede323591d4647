// dw[KH,KW,C,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * dy[N,OH,OW,F], for few channels (first layers); F divides by four.
// A workgroup makes TAP_ROWS kernel rows of one channel and 4*BLOCKS filters: its invocations stride over the lines of output
// pixels, STRIP at a time, so that each dy is read once for all those taps, then add up in workgroup memory.
// False where every input that an output reads lies inside the image: then nothing need be zeroed.
const PADDED = u.PT > 0u || u.PL > 0u || (u.OH - 1u) * u.SH + u.KH > u.H + u.PT || (u.OW - 1u) * u.SW + u.KW > u.W + u.PL;
const SUMS = TAP_ROWS * u.KW * BLOCKS;
var<workgroup> partial: array<vec4<f32>, WG_X * SUMS>;

fn load_x(row: u32, column: u32, c: u32, row_inside: bool) -> f32 {
  let value = x[(row + min(column, u.W - 1u)) * u.C + c];
  // No short-circuit and no early return: each would be a branch, and SwiftShader takes minutes to compile many of them.
  return select(value, select(0.0, value, row_inside & (column < u.W)), PADDED);
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let c = group.y % u.C;
  let first_kh = group.y / u.C * TAP_ROWS;
  let f = group.x * BLOCKS;
#unroll j < BLOCKS
  let f$j = min(f + $j, u.F / 4u - 1u);
#unroll k < TAP_ROWS * u.KW
  var sum$k_$j = vec4<f32>();
#end
#end
  for (var line = local.x; line < u.N * u.OH; line += WG_X) {
    let image_row = line / u.OH * u.H;
#unroll t < TAP_ROWS
    // Before the first row or column the unsigned position wraps around, so one comparison covers both edges.
    let h$t = line % u.OH * u.SH + first_kh + $t - u.PT;
    let row$t = (image_row + min(h$t, u.H - 1u)) * u.W;
#end
    for (var ow = 0u; ow < u.OW; ow += STRIP) {
#unroll p < STRIP
#unroll j < BLOCKS
#if u.OW % STRIP == 0
    let dy$p_$j = dy[(line * u.OW + ow + $p) * (u.F / 4u) + f$j];
#else
    let dy$p_$j = select(vec4<f32>(), dy[(line * u.OW + min(ow + $p, u.OW - 1u)) * (u.F / 4u) + f$j], ow + $p < u.OW);
#end
#end
#end
#unroll t < TAP_ROWS
    {
#unroll i < STRIP - 1 * u.SW + u.KW
      let x$i = load_x(row$t, ow * u.SW + $i - u.PL, c, h$t < u.H);
#end
#unroll kw < u.KW
#unroll p < STRIP
#unroll j < BLOCKS
      sum${$t * u.KW + $kw}_$j += dy$p_$j * x${$p * u.SW + $kw};
#end
#end
#end
    }
#end
    }
  }
#unroll j < BLOCKS
#unroll k < TAP_ROWS * u.KW
  partial[local.x * SUMS + $k * BLOCKS + $j] = sum$k_$j;
#end
#end
  workgroupBarrier();
  for (var i = local.x; i < SUMS; i += WG_X) {
    var sum = vec4<f32>();
    for (var other = 0u; other < WG_X; other++) { sum += partial[other * SUMS + i]; }
    let block = f + i % BLOCKS;
    let tap = first_kh * u.KW + i / BLOCKS;
    if ((tap < u.KH * u.KW) & (block < u.F / 4u)) { dw[(tap * u.C + c) * (u.F / 4u) + block] = sum; }
  }
}
