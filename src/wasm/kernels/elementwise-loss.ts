// Losses that compare element by element: assembly/loss.ts.
import { dim, type Dims } from '../../kernels/kernel.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const sizes = (d: Dims): readonly number[] => [dim(d, 'N'), dim(d, 'SIZE'), dim(d, 'KIND'), dim(d, 'DELTA')]
const cost = (d: Dims): number => 4 * dim(d, 'N') * dim(d, 'SIZE')

export const elementwiseLoss: WasmKernel = {
  name: 'elementwise-loss',
  steps: (d, at) => [{ fn: 'elementwise_loss', args: [at('y'), at('goal'), at('weights'), at('loss'), at('correct'), ...sizes(d)], units: dim(d, 'N'), cost: cost(d) }],
}

export const elementwiseLossGradient: WasmKernel = {
  name: 'elementwise-loss-gradient',
  steps: (d, at) => [{ fn: 'elementwise_loss_gradient', args: [at('y'), at('goal'), at('weights'), at('upstream'), at('dy'), ...sizes(d)], units: dim(d, 'N'), cost: cost(d) }],
}
