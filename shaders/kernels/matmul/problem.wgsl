// C[GM,GN] = A[GM,GK] · B[GK,GN] for gemm/*.wgsl: A and B wherever they are stored transposed (TA, TB), then act(C + bias[N]).
// Buffers are seen as f32 or all as vec4s: then an operand is read by fours along the axis on which it lies, C by fours of a row.
const GM = u.M;
const GN = u.N;
const GK = u.K;
const WIDTH = ${c.width}u;
alias sum_t = c_t;

#if u.TA == 1
const A_ALONG_K = 0u;
fn load_a(m: u32, k: u32) -> a_t { return a[(k * u.M + m) / WIDTH]; }
#else
const A_ALONG_K = 1u;
fn load_a(m: u32, k: u32) -> a_t { return a[(m * u.K + k) / WIDTH]; }
#end
#if u.TB == 1
const B_ALONG_K = 1u;
fn load_b(k: u32, n: u32) -> b_t { return b[(n * u.K + k) / WIDTH]; }
#else
const B_ALONG_K = 0u;
fn load_b(k: u32, n: u32) -> b_t { return b[(k * u.N + n) / WIDTH]; }
#end
fn bias_of(n: u32) -> sum_t { return bias_at(n / WIDTH); }
fn store_c(m: u32, n: u32, sum: sum_t) { c[(m * u.N + n) / WIDTH] = activate(sum); }
