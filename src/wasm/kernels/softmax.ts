// Softmax and its cross-entropy: assembly/softmax.ts.
import { dim, type Dims } from '../../kernels/kernel.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const rows = (d: Dims): number => dim(d, 'N') * dim(d, 'T')
const cost = (d: Dims): number => 20 * rows(d) * dim(d, 'CLASSES')
const sizes = (d: Dims): readonly number[] => [dim(d, 'N'), dim(d, 'T'), dim(d, 'CLASSES'), dim(d, 'SMOOTHING')]

export const softmaxCrossEntropy: WasmKernel = {
  name: 'softmax-cross-entropy',
  steps: (d, at) => [{
    fn: 'softmax_cross_entropy', args: [at('logits'), at('labels'), at('weights'), at('classes'), at('loss'), at('correct'), ...sizes(d)],
    units: dim(d, 'N'), cost: cost(d),
  }],
}

export const softmaxCrossEntropyGradient: WasmKernel = {
  name: 'softmax-cross-entropy-gradient',
  steps: (d, at) => [{
    fn: 'softmax_cross_entropy_gradient', args: [at('logits'), at('labels'), at('weights'), at('classes'), at('upstream'), at('dlogits'), ...sizes(d)],
    units: rows(d), cost: cost(d),
  }],
}

const cells = (d: Dims): number => dim(d, 'ROWS') * dim(d, 'COLS')

export const softmax: WasmKernel = {
  name: 'softmax',
  steps: (d, at) => [{ fn: 'softmax', args: [at('x'), at('y'), dim(d, 'ROWS'), dim(d, 'COLS')], units: dim(d, 'ROWS'), cost: 20 * cells(d) }],
}

export const softmaxGradient: WasmKernel = {
  name: 'softmax-gradient',
  steps: (d, at) => [{ fn: 'softmax_gradient', args: [at('y'), at('dy'), at('dx'), dim(d, 'ROWS'), dim(d, 'COLS')], units: dim(d, 'ROWS'), cost: 4 * cells(d) }],
}
