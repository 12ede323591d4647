// Average pooling and maxima over all positions: assembly/pool.ts.
import { dim, type Dims } from '../../kernels/kernel.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const sizes = (d: Dims): readonly number[] => ['N', 'H', 'W', 'C', 'KH', 'KW', 'OH', 'OW', 'SH', 'SW', 'PT', 'PL'].map((key) => dim(d, key))
const cost = (d: Dims): number => 2 * dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW') * dim(d, 'C') * dim(d, 'KH') * dim(d, 'KW')
const whole = (d: Dims): number => dim(d, 'N') * dim(d, 'P') * dim(d, 'C')

export const averagePool: WasmKernel = {
  name: 'average-pool',
  steps: (d, at) => [{ fn: 'average_pool', args: [at('x'), at('y'), ...sizes(d)], units: dim(d, 'N'), cost: cost(d) }],
}

export const averagePoolGradient: WasmKernel = {
  name: 'average-pool-gradient',
  steps: (d, at) => [{ fn: 'average_pool_gradient', args: [at('dx'), at('dy'), ...sizes(d)], units: dim(d, 'N'), cost: 2 * cost(d) }],
}

export const globalMax: WasmKernel = {
  name: 'global-max',
  steps: (d, at) => [{ fn: 'global_max', args: [at('x'), at('y'), at('place'), dim(d, 'N'), dim(d, 'P'), dim(d, 'C')], units: dim(d, 'N'), cost: 2 * whole(d) }],
}

export const globalMaxGradient: WasmKernel = {
  name: 'global-max-gradient',
  steps: (d, at) => [{ fn: 'global_max_gradient', args: [at('dy'), at('place'), at('dx'), dim(d, 'N'), dim(d, 'P'), dim(d, 'C')], units: dim(d, 'N'), cost: whole(d) }],
}
