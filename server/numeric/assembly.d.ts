// What server/assembly-plugin.ts makes of numeric/assembly/.
declare module 'virtual:numeric-assembly' {
  /** WebAssembly as base64, for any engine with SIMD. */
  export const plain: string
  /** The same with the fused multiply-add of relaxed SIMD. */
  export const relaxed: string
}
