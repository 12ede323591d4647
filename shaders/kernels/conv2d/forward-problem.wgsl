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

#include kernels/conv2d/patches.wgsl
fn load_a(m: u32, k: u32) -> x_t { return patch_at(m, k); }
fn load_b(k: u32, n: u32) -> w_t { return w[(k * u.F + n) / WIDTH]; }
fn bias_of(n: u32) -> sum_t { return bias_at(n / WIDTH); }
fn store_c(m: u32, n: u32, sum: sum_t) { y[(m * u.F + n) / WIDTH] = activate(sum); }
