// dw[KH,KW,C/G,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH*DH, OW*SW-PL+KW*DW, C] * dy[N,OH,OW,F], C being the channel of F's group, for
// adapters that run four invocations as one SIMD unit (SwiftShader). A workgroup sums a tile of TAPS taps of a kernel row, CHANNELS channels
// and WIDTH filters (DEPTHWISE: WIDTH channels, each with its filter): each of its four invocations takes every fourth line of output
// pixels, STRIP pixels at a time, whose loads all these sums share, and in the end they add up.
const CG = u.C / u.G;
const FG = u.F / u.G;
const FB = u.F / WIDTH;
const C_BLOCKS = CG / CHANNELS;
#if DEPTHWISE == 1
const STEP = FB;
#else
const STEP = u.C / CHANNELS;
#end
const TAP_GROUPS = (u.KW + TAPS - 1u) / TAPS;
const SUMS = TAPS * CHANNELS;
// Columns of x that the taps read for a strip: one tap's lie SW apart, those of several are all between the first and the last.
#if TAPS == 1
const COLUMNS = STRIP;
const COLUMN_STEP = u.SW;
#else
const COLUMNS = (STRIP - 1u) * u.SW + (TAPS - 1u) * u.DW + 1u;
const COLUMN_STEP = 1u;
#end
// False where every input that is read lies inside the image: then nothing need be zeroed.
const LAST_COLUMN = ((u.OW + STRIP - 1u) / STRIP * STRIP - 1u) * u.SW + (TAP_GROUPS * TAPS - 1u) * u.DW;
const LAST_ROW = (u.OH - 1u) * u.SH + (u.KH - 1u) * u.DH;
const PADDED = u.PL > 0u || LAST_COLUMN >= u.W + u.PL || u.PT > 0u || LAST_ROW >= u.H + u.PT;

// Outside the image zero. No short-circuit and no early return: each would be a branch, and SwiftShader takes minutes to compile many of them.
fn load_x(row: u32, column: u32, row_inside: bool, channel: u32) -> x_t {
  let value = x[(row + min(column, u.W - 1u)) * STEP + channel];
  return select(value, select(x_t(), value, row_inside & (column < u.W)), PADDED);
}
fn load_dy(line: u32, ow: u32, fb: u32) -> dy_t {
  let value = dy[(line * u.OW + min(ow, u.OW - 1u)) * FB + fb];
  return select(value, select(dy_t(), value, ow < u.OW), u.OW % STRIP != 0u);
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let fb = group.x;
  let c_block = group.y % C_BLOCKS;
  let first_kw = group.y / C_BLOCKS % TAP_GROUPS * TAPS;
  let kh = group.y / (C_BLOCKS * TAP_GROUPS);
#if DEPTHWISE == 1
  let channel = fb;
#else
  let channel = fb * WIDTH / FG * C_BLOCKS + c_block;
#end
#unroll s < TAPS * CHANNELS
  var sum$s = dw_t();
#end
  for (var line = lane; line < u.N * u.OH; line += 4u) {
    // Before the first row or column the unsigned position wraps around, so one comparison covers both edges.
    let h = line % u.OH * u.SH + kh * u.DH - u.PT;
    let row = (line / u.OH * u.H + min(h, u.H - 1u)) * u.W;
    for (var ow = 0u; ow < u.OW; ow += STRIP) {
      let column = ow * u.SW + first_kw * u.DW - u.PL;
#unroll p < STRIP
      let dy$p = load_dy(line, ow + $p, fb);
#end
      let inputs = array<x_t, COLUMNS>(
#if TAPS == 1
#unroll i < STRIP
        load_x(row, column + $i * COLUMN_STEP, h < u.H, channel),
#end
#else
#unroll i < STRIP - 1 * u.SW + 1
        load_x(row, column + $i, h < u.H, channel),
#end
#unroll i < TAPS - 1 * u.DW
        load_x(row, column + (STRIP - 1u) * u.SW + 1u + $i, h < u.H, channel),
#end
#end
      );
#unroll k < TAPS
#unroll j < CHANNELS
#unroll p < STRIP
#if CHANNELS == 1
      sum${$k * CHANNELS + $j} += dy$p * inputs[($p * u.SW + $k * u.DW) / COLUMN_STEP];
#else
      sum${$k * CHANNELS + $j} += dy$p * inputs[($p * u.SW + $k * u.DW) / COLUMN_STEP][$j];
#end
#end
#end
#end
    }
  }
  var sums = array<dw_t, SUMS>(
#unroll s < TAPS * CHANNELS
    sum$s,
#end
  );
  // Stores stand once, in a loop: SwiftShader turns each into a branch for every number and takes as long to compile them.
  for (var s = 0u; s < SUMS; s++) {
    let pair = sums[s] + quadSwapX(sums[s]);
    let total = pair + quadSwapY(pair);
    let kw = first_kw + s / CHANNELS;
    if ((lane == s % 4u) & (kw < u.KW)) { dw[((kh * u.KW + kw) * CG + c_block * CHANNELS + s % CHANNELS) * FB + fb] = total; }
  }
}
