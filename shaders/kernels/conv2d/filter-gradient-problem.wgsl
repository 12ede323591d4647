// dw[KH,KW,C,F] as a matrix product for gemm/*.wgsl: rows are taps (KH,KW,C), k runs over the output pixels of the batch, columns are filters.
// Buffers are seen as f32 or all as vec4s: channels and filters by fours.
const GM = u.KH * u.KW * u.C;
const GN = u.F;
const GK = u.N * u.OH * u.OW;
const WIDTH = ${dw.width}u;
alias sum_t = dw_t;
#if u.C > 1
const A_ALONG_K = 0u;
#else
const A_ALONG_K = 1u;
#end
const B_ALONG_K = 0u;

#include kernels/conv2d/patches.wgsl
fn load_a(m: u32, k: u32) -> x_t { return patch_at(k, m); }
fn load_b(k: u32, n: u32) -> dy_t { return dy[(k * u.F + n) / WIDTH]; }
fn bias_of(n: u32) -> sum_t { return sum_t(); }
fn store_c(m: u32, n: u32, sum: sum_t) { dw[(m * u.F + n) / WIDTH] = sum; }
