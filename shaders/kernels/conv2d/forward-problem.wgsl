// y[N,OH,OW,F] as a matrix product for gemm/*.wgsl: rows are output pixels, k runs over KH,KW,C, columns are filters; x is read in place.
const GM = u.N * u.OH * u.OW;
const GN = u.F;
const GK = u.KH * u.KW * u.C;
const A_BY_ROWS = u.C == 1u;
const B_BY_COLUMNS = true;

fn load_a(m: u32, k: u32) -> f32 {
  let tap = k / u.C;
  // Before the first row or column the unsigned position wraps around, so one comparison covers both edges.
  let h = m / u.OW % u.OH * u.SH + tap / u.KW * TAP_H - u.PT;
  let w = m % u.OW * u.SW + tap % u.KW * TAP_W - u.PL;
  let inside = (h < u.H) & (w < u.W);
  let at = ((m / (u.OW * u.OH) * u.H + h) * u.W + w) * u.C + k % u.C;
  return select(0.0, x[select(0u, at, inside)], inside);
}
fn load_b(k: u32, n: u32) -> f32 { return w[k * u.F + n]; }
fn bias_of(n: u32) -> f32 { return bias_at(n); }
fn store_c(m: u32, n: u32, sum: f32) { y[m * u.F + n] = activate(sum); }
