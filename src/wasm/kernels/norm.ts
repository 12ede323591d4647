// Normalisation: assembly/norm.ts.
import { dim, type Dims } from '../../kernels/kernel.ts'
import { programStep } from './pointwise.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const elements = (d: Dims): number => dim(d, 'N') * dim(d, 'P') * dim(d, 'C')
const rowElements = (d: Dims): number => dim(d, 'R') * dim(d, 'C')
const sizes = (d: Dims): readonly number[] => ['N', 'P', 'C', 'G'].map((key) => dim(d, key))
const cells = (d: Dims): number => dim(d, 'N') * dim(d, 'G')

export const norm: WasmKernel = {
  name: 'norm',
  steps: (d, at) => [{
    fn: 'norm', args: [at('x'), at('scale'), at('shift'), at('y'), at('mean'), at('rstd'), ...sizes(d), dim(d, 'RMS'), dim(d, 'EPSILON')], units: cells(d), cost: 4 * elements(d),
  }],
}

export const normInputGradient: WasmKernel = {
  name: 'norm-input-gradient',
  steps: (d, at) => [{ fn: 'norm_input_gradient', args: [at('x'), at('dy'), at('scale'), at('mean'), at('rstd'), at('dx'), ...sizes(d)], units: cells(d), cost: 4 * elements(d) }],
}

export const normParamGradient: WasmKernel = {
  name: 'norm-param-gradient',
  steps: (d, at) => [{
    fn: 'norm_param_gradient',
    args: [
      at('x'), at('dy'), at('mean'), at('rstd'), at('dscale'), at('dshift'), dim(d, 'N') * dim(d, 'P'), dim(d, 'P'), dim(d, 'C'), dim(d, 'G'), dim(d, 'CHUNKS'),
      dim(d, 'VARIANCE'), dim(d, 'EPSILON'),
    ],
    units: dim(d, 'CHUNKS'),
    cost: 4 * elements(d),
  }],
}

export const channelMoments: WasmKernel = {
  name: 'channel-moments',
  steps: (d, at) => [{ fn: 'channel_moments', args: [at('x'), at('sums'), at('squares'), dim(d, 'R'), dim(d, 'C'), dim(d, 'CHUNKS')], units: dim(d, 'CHUNKS'), cost: 3 * rowElements(d) }],
}

export const channelStatistics: WasmKernel = {
  name: 'channel-statistics',
  steps: (d, at) => [{
    fn: 'channel_statistics', args: [at('x'), at('sums'), at('squares'), at('mean'), at('variance'), at('rstd'), dim(d, 'R'), dim(d, 'C'), dim(d, 'CHUNKS'), dim(d, 'EPSILON')],
    units: 1, cost: dim(d, 'CHUNKS') * dim(d, 'C'),
  }],
}

export const batchNormalise: WasmKernel = {
  name: 'batch-normalise',
  steps: (d, at) => [{
    fn: 'batch_normalise', args: [at('x'), at('mean'), at('rstd'), at('scale'), at('shift'), at('y'), dim(d, 'R'), dim(d, 'C'), dim(d, 'VARIANCE'), dim(d, 'EPSILON')],
    units: dim(d, 'R'), cost: 3 * rowElements(d),
  }],
}

export const batchNormInputGradient: WasmKernel = {
  name: 'batch-norm-input-gradient',
  steps: (d, at) => [{
    fn: 'batch_norm_input_gradient',
    args: [at('x'), at('dy'), at('mean'), at('rstd'), at('dscale'), at('dshift'), at('scale'), at('dx'), dim(d, 'R'), dim(d, 'C'), dim(d, 'VARIANCE'), dim(d, 'EPSILON')],
    units: dim(d, 'R'), cost: 4 * rowElements(d),
  }],
}

export const movingAverage: WasmKernel = {
  name: 'moving-average',
  steps(d, at) {
    const operands = ['x', 'y'].map((key) => ({ at: at(key), length: dim(d, 'SIZE'), inner: 1 }))
    const steps = [{ fn: 'scale', args: [1], constants: [dim(d, 'KEEP')] }, { fn: 'scale', args: [0], constants: [dim(d, 'TAKE')] }, { fn: 'add', args: [2, 3] }] as const
    return [programStep(dim(d, 'SIZE'), operands, steps, [{ value: 4, at: at('y') }])]
  },
}
