// Attention: assembly/attention.ts.
import { floatBits, roundUp } from '../../base/math.ts'
import { dim, type Dims } from '../../kernels/kernel.ts'
import { TILE_BYTES } from './tile.ts'
import type { WasmKernel } from './wasm-kernel.ts'

/** Queries at a time in the backward pass. */
const BLOCK = 64

const heads = (d: Dims): number => dim(d, 'B') * dim(d, 'H')
const products = (d: Dims): number => heads(d) * dim(d, 'T') * dim(d, 'T') * dim(d, 'D')
const sizes = (d: Dims): readonly number[] => ['B', 'T', 'H', 'D'].map((key) => dim(d, key))
const tail = (d: Dims): readonly number[] => [...sizes(d), dim(d, 'CAUSAL'), floatBits(1 / Math.sqrt(dim(d, 'D')))]

export const attention: WasmKernel = {
  name: 'attention',
  steps(d, at) {
    const T = dim(d, 'T'), D = dim(d, 'D'), width = roundUp(T, 8)
    return [{
      fn: 'attention', args: [at('qkv'), at('y'), at('lse'), ...tail(d)], units: heads(d), cost: 4 * products(d),
      own: () => TILE_BYTES + 4 * (width * D + roundUp(D, 8) * T + 4 * width),
    }]
  },
}

export const attentionDelta: WasmKernel = {
  name: 'attention-delta',
  steps: (d, at) => [{ fn: 'attention_delta', args: [at('y'), at('dy'), at('delta'), ...sizes(d)], units: dim(d, 'B') * dim(d, 'T'), cost: 2 * heads(d) * dim(d, 'T') * dim(d, 'D') }],
}

export const attentionGradient: WasmKernel = {
  name: 'attention-gradient',
  steps(d, at) {
    const T = dim(d, 'T'), D = dim(d, 'D'), width = roundUp(T, 8), deep = roundUp(D, 8)
    const panels = 4 * (2 * width * D + deep * T + 2 * deep * BLOCK), rows = 4 * 2 * BLOCK * width, tiles = 2 * (width / 4) * (deep / 8) * TILE_BYTES
    return [{
      fn: 'attention_gradient', args: [at('qkv'), at('dy'), at('lse'), at('delta'), at('dqkv'), ...tail(d)], units: heads(d), cost: 10 * products(d),
      own: () => TILE_BYTES + panels + rows + tiles,
    }]
  },
}
