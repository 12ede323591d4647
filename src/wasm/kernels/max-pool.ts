// Max pooling: assembly/max-pool.ts.
import { dim, type Dims } from '../../kernels/kernel.ts'
import { knownActivation } from './activation.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const sizes = (d: Dims): readonly number[] => ['N', 'H', 'W', 'C', 'KH', 'KW', 'OH', 'OW', 'SH', 'SW'].map((key) => dim(d, key))
const cost = (d: Dims): number => dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW') * dim(d, 'C') * dim(d, 'KH') * dim(d, 'KW')
const plain = (d: Dims): boolean => (d['PT'] ?? 0) === 0 && (d['PL'] ?? 0) === 0

export const maxPool: WasmKernel = {
  name: 'max-pool',
  fits: (d) => plain(d) && knownActivation(d),
  steps: (d, at) => [{ fn: 'max_pool', args: [at('x'), at('y'), ...sizes(d), at('bias'), d['ACT'] ?? 0], units: dim(d, 'N') * dim(d, 'OH'), cost: 2 * cost(d) }],
}

export const maxPoolGradient: WasmKernel = {
  name: 'max-pool-gradient',
  fits: plain,
  steps: (d, at) => [{ fn: 'max_pool_gradient', args: [at('x'), at('dy'), at('dx'), ...sizes(d)], units: dim(d, 'N'), cost: 4 * cost(d) }],
}

export const maxPoolGradientInPlace: WasmKernel = {
  name: 'max-pool-gradient-in-place',
  fits: plain,
  steps: (d, at) => [{ fn: 'max_pool_gradient_in_place', args: [0, at('dy'), at('dx'), ...sizes(d)], units: dim(d, 'N'), cost: 4 * cost(d) }],
}
