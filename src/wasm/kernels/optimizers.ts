// Optimizer updates: assembly/optimizers.ts.
import { ceilDiv } from '../../base/math.ts'
import { dim, type Dims } from '../../kernels/kernel.ts'
import { BLOCK, CLIP } from '../../kernels/optimizers.ts'
import type { Addresses, WasmKernel } from './wasm-kernel.ts'

const BLOCK_BYTES = BLOCK * 4

/** Optimizers by the numbers that assembly knows them by, with their slots and the dim of their flag. */
const OPTIMIZERS: readonly { readonly name: string; readonly slots: readonly string[]; readonly flag?: string }[] = [
  { name: 'sgd', slots: [] },
  { name: 'momentum', slots: ['v'], flag: 'NESTEROV' },
  { name: 'adagrad', slots: ['v'] },
  { name: 'adadelta', slots: ['v', 's'] },
  { name: 'rmsprop', slots: ['v', 'm'], flag: 'MOMENTUM' },
  { name: 'adam', slots: ['m', 'v'], flag: 'DECOUPLED' },
  { name: 'adamax', slots: ['m', 'v'] },
  { name: 'yogi', slots: ['m', 'v'] },
  { name: 'lion', slots: ['m'] },
]

const tail = (d: Dims, clip: number): readonly number[] => [dim(d, 'GROUP'), dim(d, 'SIZE'), dim(d, 'REGULARISED'), clip, dim(d, 'FIRST')]
const slot = (at: Addresses, name: string | undefined): number => (name === undefined ? 0 : at(name))

export const optimizerKernels: readonly WasmKernel[] = OPTIMIZERS.map(({ name, slots, flag }, number) => ({
  name,
  // Loss scaling is for f16, which there is none of here.
  fits: (d) => d['GATED'] !== 1,
  steps: (d, at) => [{
    fn: 'optimize',
    args: [number, at('params'), at('grads'), at('hyper'), slot(at, slots[0]), slot(at, slots[1]), at('scales'), ...tail(d, dim(d, 'CLIP')), flag === undefined ? 0 : dim(d, flag)],
    units: ceilDiv(dim(d, 'SIZE'), BLOCK),
    cost: 4 * dim(d, 'SIZE'),
    own: () => 4 * BLOCK_BYTES,
  }],
}))

export const gradientSquares: WasmKernel = {
  name: 'gradient-squares',
  fits: (d) => dim(d, 'SPAN') % BLOCK === 0,
  steps: (d, at) => [{
    fn: 'gradient_squares',
    args: [0, at('params'), at('grads'), at('hyper'), at('partials'), 0, dim(d, 'SPAN'), ...tail(d, CLIP.none), 0],
    units: ceilDiv(dim(d, 'SIZE'), dim(d, 'SPAN')),
    cost: 2 * dim(d, 'SIZE'),
    own: () => BLOCK_BYTES,
  }],
}

export const clipScales: WasmKernel = {
  name: 'clip-scales',
  steps: (d, at) => [{
    fn: 'clip_scales',
    args: [at('partials'), at('counts'), at('scales'), at('hyper'), dim(d, 'PARTIALS'), dim(d, 'TENSORS'), dim(d, 'CLIP'), dim(d, 'GROUP')],
    units: dim(d, 'TENSORS'),
    cost: 2 * dim(d, 'PARTIALS'),
  }],
}
