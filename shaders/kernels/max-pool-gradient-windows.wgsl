// dx[N,H,W,C] = dy[N,OH,OW,C] at the first maximum of each window of x, else 0; KH = SH and KW = SW, so windows do not overlap.
// One invocation per window and WIDTH channels; those beyond OH and OW only write the zeros of the border that no window reads.
// Each window is read before it is written, so dx may lie where x lay (IN_PLACE).
const CB = u.C / WIDTH;
const ROWS = (u.H + u.SH - 1u) / u.SH;
const COLUMNS = (u.W + u.SW - 1u) / u.SW;

#if IN_PLACE == 1
fn image(at: u32) -> dx_t { return dx[at]; }
#else
fn image(at: u32) -> dx_t { return x[at]; }
#end

fn clear_border(start: u32, oh: u32, ow: u32) {
  for (var kh = 0u; kh < u.KH && oh * u.SH + kh < u.H; kh++) {
    for (var kw = 0u; kw < u.KW && ow * u.SW + kw < u.W; kw++) { dx[start + (kh * u.W + kw) * CB] = dx_t(); }
  }
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * ROWS * COLUMNS * CB) { return; }
  let c = i % CB;
  let ow = i / CB % COLUMNS;
  let oh = i / (CB * COLUMNS) % ROWS;
  let n = i / (CB * COLUMNS * ROWS);
  let start = ((n * u.H + oh * u.SH) * u.W + ow * u.SW) * CB + c;
  if ((oh < u.OH) & (ow < u.OW)) {
    let gradient = dy[((n * u.OH + oh) * u.OW + ow) * CB + c];
    let zero = dx_t();
#unroll k < u.KH * u.KW
    let x$k = image(start + ($k / u.KW * u.W + $k % u.KW) * CB);
#end
    var best = x0;
#unroll k < u.KH * u.KW
    best = max(best, x$k);
#end
    var rest = gradient;
#unroll k < u.KH * u.KW
    let taken$k = select(zero, rest, x$k == best);
    rest = select(rest, zero, x$k == best);
    dx[start + ($k / u.KW * u.W + $k % u.KW) * CB] = taken$k;
#end
#if u.H % u.SH == 0
#if u.W % u.SW == 0
  }
#else
  } else { clear_border(start, oh, ow); }
#end
#else
  } else { clear_border(start, oh, ow); }
#end
}
