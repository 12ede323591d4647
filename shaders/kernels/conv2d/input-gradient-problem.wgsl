// dx[N,H,W,C] as a matrix product for gemm/*.wgsl: rows are input pixels, k runs over KH,KW,F, columns are channels; dy is read in place.
// Buffers are seen as f32 or all as vec4s: channels and filters by fours.
const GM = u.N * u.H * u.W;
const GN = u.C;
const GK = u.KH * u.KW * u.F;
const WIDTH = ${dx.width}u;
alias sum_t = dx_t;
const A_ALONG_K = 1u;
const B_ALONG_K = 1u;

fn load_a(m: u32, k: u32) -> dy_t {
  let tap = k / u.F;
  // h = oh*SH - PT + kh*TAP_H; below zero the difference wraps around and fails the comparison.
  let top = m / u.W % u.H + u.PT - tap / u.KW * TAP_H;
  let left = m % u.W + u.PL - tap % u.KW * TAP_W;
  let inside = (top % u.SH == 0u) & (left % u.SW == 0u) & (top / u.SH < u.OH) & (left / u.SW < u.OW);
  let at = ((m / (u.W * u.H) * u.OH + top / u.SH) * u.OW + left / u.SW) * u.F + k % u.F;
  return select(dy_t(), dy[select(0u, at / WIDTH, inside)], inside);
}
fn load_b(k: u32, n: u32) -> w_t { return w[((k / u.F * u.C + n) * u.F + k % u.F) / WIDTH]; }
fn bias_of(n: u32) -> sum_t { return sum_t(); }
fn store_c(m: u32, n: u32, sum: sum_t) { dx[(m * u.C + n) / WIDTH] = sum; }
