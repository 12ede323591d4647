// Matrix products: assembly/matmul.ts.
import { ceilDiv } from '../../base/math.ts'
import { dim, type Dims } from '../../kernels/kernel.ts'
import { knownActivation } from './activation.ts'
import { PANEL_BYTES, TILE_BYTES } from './tile.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const BLOCK_ROWS = 64
/** Up to so many rows, B is used about as often as it would be copied. */
const FEW_ROWS = 16

const packs = (d: Dims): boolean => dim(d, 'TB') === 1 || dim(d, 'M') > FEW_ROWS

export const matmul: WasmKernel = {
  name: 'matmul',
  fits: knownActivation,
  shared: (d) => (packs(d) ? ceilDiv(dim(d, 'N'), 8) * dim(d, 'K') * PANEL_BYTES : 0),
  steps(d, at, shared) {
    const M = dim(d, 'M'), N = dim(d, 'N'), K = dim(d, 'K'), TA = dim(d, 'TA')
    const rowBlocks = ceilDiv(M, 4), panels = ceilDiv(N, 8)
    // Packed rows are packed again by every part that takes columns.
    const byColumns = panels > rowBlocks && TA === 0 ? 1 : 0
    const packed = packs(d)
    return [
      ...(packed ? [{ fn: 'pack_columns', args: [at('b'), N, K, dim(d, 'TB'), shared], units: panels, cost: 4 * N * K }] : []),
      {
        fn: 'matmul',
        args: [at('a'), packed ? shared : at('b'), at('c'), at('bias'), M, N, K, TA, dim(d, 'ACT'), packed ? 1 : 0, byColumns],
        units: byColumns ? panels : rowBlocks,
        cost: 2 * M * N * K,
        own: () => TILE_BYTES + (TA === 1 ? BLOCK_ROWS * K * 4 : 0),
      },
    ]
  },
}
