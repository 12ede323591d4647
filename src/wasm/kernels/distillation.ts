// Distillation: assembly/distillation.ts.
import { roundUp } from '../../base/math.ts'
import { dim, type Dims } from '../../kernels/kernel.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const rows = (d: Dims): number => dim(d, 'N') * dim(d, 'T')
const cost = (d: Dims): number => 40 * rows(d) * dim(d, 'CLASSES')
const rowBytes = (d: Dims): number => 4 * roundUp(dim(d, 'CLASSES'), 4)
const sizes = (d: Dims): readonly number[] => [dim(d, 'N'), dim(d, 'T'), dim(d, 'CLASSES'), dim(d, 'TEMPERATURE')]

export const distillation: WasmKernel = {
  name: 'distillation',
  steps: (d, at) => [{ fn: 'distillation', args: [at('logits'), at('teacher'), at('weights'), at('loss'), at('correct'), ...sizes(d)], units: dim(d, 'N'), cost: cost(d), own: () => 2 * rowBytes(d) }],
}

export const distillationGradient: WasmKernel = {
  name: 'distillation-gradient',
  steps: (d, at) => [{ fn: 'distillation_gradient', args: [at('logits'), at('teacher'), at('weights'), at('upstream'), at('dlogits'), ...sizes(d)], units: rows(d), cost: cost(d), own: () => rowBytes(d) }],
}
