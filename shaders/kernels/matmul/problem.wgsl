// C[GM,GN] = A[GM,GK] · B[GK,GN] for gemm/*.wgsl: A and B wherever they are stored transposed (TA, TB), then act(C + bias[N]).
const GM = u.M;
const GN = u.N;
const GK = u.K;
// Along which axis neighbouring elements lie side by side in memory.
const A_BY_ROWS = u.TA == 1u;
const B_BY_COLUMNS = u.TB == 0u;

#if u.TA == 1
fn load_a(m: u32, k: u32) -> f32 { return a[k * u.M + m]; }
#else
fn load_a(m: u32, k: u32) -> f32 { return a[m * u.K + k]; }
#end
#if u.TB == 1
fn load_b(k: u32, n: u32) -> f32 { return b[n * u.K + k]; }
#else
fn load_b(k: u32, n: u32) -> f32 { return b[k * u.N + n]; }
#end
fn bias_of(n: u32) -> f32 { return bias_at(n); }
fn store_c(m: u32, n: u32, sum: f32) { c[m * u.N + n] = activate(sum); }
