// dw[KH,KW,C,F] as a matrix product for gemm/*.wgsl: rows are taps (KH,KW,C), k runs over the output pixels of the batch, columns are filters.
const GM = u.KH * u.KW * u.C;
const GN = u.F;
const GK = u.N * u.OH * u.OW;
const A_BY_ROWS = u.C > 1u;
const B_BY_COLUMNS = true;

fn load_a(m: u32, k: u32) -> f32 {
  let tap = m / u.C;
  let h = k / u.OW % u.OH * u.SH + tap / u.KW * TAP_H - u.PT;
  let w = k % u.OW * u.SW + tap % u.KW * TAP_W - u.PL;
  let inside = (h < u.H) & (w < u.W);
  let at = ((k / (u.OW * u.OH) * u.H + h) * u.W + w) * u.C + m % u.C;
  return select(0.0, x[select(0u, at, inside)], inside);
}
fn load_b(k: u32, n: u32) -> f32 { return dy[k * u.F + n]; }
fn bias_of(n: u32) -> f32 { return 0.0; }
fn store_c(m: u32, n: u32, sum: f32) { dw[m * u.F + n] = sum; }
