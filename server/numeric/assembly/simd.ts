// What the kernels here stand on. Written in AssemblyScript; compiled twice, with and without the fused multiply-add of relaxed SIMD.

/** a * b + c in f64, where the product is exact, so that fused or not it is the same. */
@inline export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c)
  return f64x2.add(f64x2.mul(a, b), c)
}
