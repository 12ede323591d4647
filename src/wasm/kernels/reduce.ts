// Sums over an axis, and metrics: assembly/reduce.ts.
import { ceilDiv } from '../../base/math.ts'
import { dim, type Dims } from '../../kernels/kernel.ts'
import type { WasmKernel } from './wasm-kernel.ts'

/** Columns that one part of a reduction takes. */
const COLUMNS = 16

const sizes = (d: Dims): readonly number[] => [dim(d, 'OUTER'), dim(d, 'AXIS'), dim(d, 'INNER'), dim(d, 'MEAN')]
const elements = (d: Dims): number => dim(d, 'OUTER') * dim(d, 'AXIS') * dim(d, 'INNER')

export const reduce: WasmKernel = {
  name: 'reduce',
  steps: (d, at) => [{ fn: 'reduce', args: [at('x'), at('y'), ...sizes(d)], units: dim(d, 'OUTER') * ceilDiv(dim(d, 'INNER'), COLUMNS), cost: elements(d) }],
}

export const broadcast: WasmKernel = {
  name: 'broadcast',
  steps: (d, at) => [{ fn: 'broadcast', args: [at('x'), at('y'), ...sizes(d)], units: dim(d, 'OUTER') * dim(d, 'AXIS'), cost: elements(d) }],
}

export const accumulateMetrics: WasmKernel = {
  name: 'accumulate-metrics',
  steps: (d, at) => [{ fn: 'accumulate_metrics', args: [at('loss'), at('correct'), at('weights'), at('metrics'), dim(d, 'N')], units: 1, cost: dim(d, 'N') }],
}
