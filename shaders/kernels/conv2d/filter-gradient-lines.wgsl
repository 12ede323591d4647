// dw[KH,KW,C,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * dy[N,OH,OW,F], for few channels (first layers) on adapters
// that run four invocations as one SIMD unit (SwiftShader); F divides by four. A workgroup makes TAP_ROWS kernel rows of one channel
// and four filters: each of its four invocations takes every fourth line of output pixels, STRIP pixels at a time, and in the end
// they add up by quad swaps. Loads stand once, in loops (see quad-strips-wide.wgsl).
const COLUMNS = (STRIP - 1u) * u.SW + u.KW;
// False where every input that an output reads lies inside the image: then nothing need be zeroed.
const PADDED = u.PT > 0u || u.PL > 0u || (u.OH - 1u) * u.SH + u.KH > u.H + u.PT || (u.OW + STRIP - 1u) / STRIP * STRIP * u.SW - u.SW + u.KW > u.W + u.PL;

// Outside the image zero. No short-circuit and no early return: each would be a branch, and SwiftShader takes minutes to compile many of them.
fn load_x(row: u32, column: u32, c: u32, row_inside: bool) -> f32 {
  let value = x[(row + min(column, u.W - 1u)) * u.C + c];
  return select(value, select(0.0, value, row_inside & (column < u.W)), PADDED);
}
fn load_dy(line: u32, ow: u32, block: u32) -> vec4<f32> {
  let value = dy[(line * u.OW + min(ow, u.OW - 1u)) * (u.F / 4u) + block];
  return select(value, select(vec4<f32>(), value, ow < u.OW), u.OW % STRIP != 0u);
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let c = group.y % u.C;
  let first_kh = group.y / u.C * TAP_ROWS;
  let block = group.x;
  var gradients: array<vec4<f32>, STRIP>;
  var inputs: array<f32, TAP_ROWS * COLUMNS>;
#unroll t < TAP_ROWS * u.KW
  var sum$t = vec4<f32>();
#end
  for (var line = lane; line < u.N * u.OH; line += 4u) {
    let image_row = line / u.OH * u.H;
    let first_h = line % u.OH * u.SH + first_kh - u.PT;
    for (var ow = 0u; ow < u.OW; ow += STRIP) {
      for (var p = 0u; p < STRIP; p++) { gradients[p] = load_dy(line, ow + p, block); }
      for (var t = 0u; t < TAP_ROWS; t++) {
        // Before the first row or column the unsigned position wraps around, so one comparison covers both edges.
        let h = first_h + t;
        let row = (image_row + min(h, u.H - 1u)) * u.W;
        for (var i = 0u; i < COLUMNS; i++) { inputs[t * COLUMNS + i] = load_x(row, ow * u.SW + i - u.PL, c, h < u.H); }
      }
#unroll p < STRIP
      let dy$p = gradients[$p];
#end
#unroll t < TAP_ROWS
      {
#unroll i < STRIP - 1 * u.SW + u.KW
        let x$i = inputs[$t * COLUMNS + $i];
#end
#unroll kw < u.KW
        var own$kw = dy0 * x$kw;
#unroll p < STRIP - 1
        own$kw += dy${$p + 1} * x${$p + 1 * u.SW + $kw};
#end
        sum${$t * u.KW + $kw} += own$kw;
#end
      }
#end
    }
  }
  var sums = array<vec4<f32>, TAP_ROWS * u.KW>(
#unroll t < TAP_ROWS * u.KW
    sum$t,
#end
  );
  for (var i = 0u; i < TAP_ROWS * u.KW; i++) {
    let pair = sums[i] + quadSwapX(sums[i]);
    let sum = pair + quadSwapY(pair);
    let tap = first_kh * u.KW + i;
    if ((lane == i % 4u) & (tap < u.KH * u.KW)) { dw[(tap * u.C + c) * (u.F / 4u) + block] = sum; }
  }
}
