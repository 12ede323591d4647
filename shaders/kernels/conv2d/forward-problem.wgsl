// y[N,OH,OW,F] as a matrix product for gemm/*.wgsl: rows are output pixels, k runs over KH,KW,C, columns are filters; x is read in place.
// Buffers are seen as f32 or all as vec4s: channels and filters by fours.
const GM = u.N * u.OH * u.OW;
const GN = u.F;
const GK = u.KH * u.KW * u.C;
const WIDTH = ${y.width}u;
alias sum_t = y_t;
#if u.C == 1
const A_ALONG_K = 0u;
#else
const A_ALONG_K = 1u;
#end
const B_ALONG_K = 0u;

fn load_a(m: u32, k: u32) -> x_t {
  let tap = k / u.C;
  // Before the first row or column the unsigned position wraps around, so one comparison covers both edges.
  let h = m / u.OW % u.OH * u.SH + tap / u.KW * TAP_H - u.PT;
  let w = m % u.OW * u.SW + tap % u.KW * TAP_W - u.PL;
  let inside = (h < u.H) & (w < u.W);
  let at = ((m / (u.OW * u.OH) * u.H + h) * u.W + w) * u.C + k % u.C;
  return select(x_t(), x[select(0u, at / WIDTH, inside)], inside);
}
fn load_b(k: u32, n: u32) -> w_t { return w[(k * u.F + n) / WIDTH]; }
fn bias_of(n: u32) -> sum_t { return bias_at(n / WIDTH); }
fn store_c(m: u32, n: u32, sum: sum_t) { y[(m * u.F + n) / WIDTH] = activate(sum); }
