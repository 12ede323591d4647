// Loss scaling of a program whose activations are f16: what gradients begin with, and the calls that unscale them, decide about the
// step and adjust the scale. In f32 there is nothing to scale, and none of these calls.
import { ConfigError } from '../base/errors.ts'
import { ceilDiv, roundUp } from '../base/math.ts'
import type { Arena } from '../graph/compile.ts'
import type { Call } from '../graph/call.ts'
import { lossScale } from '../graph/ops/loss-scale.ts'
import { mul } from '../graph/ops/pointwise.ts'
import { state } from '../graph/sources.ts'
import { inScope, type Tensor } from '../graph/tensor.ts'
import { adjustDims, adjustLossScale, LOSS_SCALE, lossScaleOf, unscale, unscaleDims, unscalePartials } from '../kernels/loss-scale.ts'
import { BLOCK } from '../kernels/optimizers.ts'

/** Persistent allocations: the state, which zeros begin, and counts of gradients that are not finite. */
export const LOSS_SCALE_ALLOCATIONS = { state: 'loss-scale', partials: 'loss-scale/partials' } as const

/** Enough to keep a GPU busy, few enough for one workgroup. */
const MOST_PARTIALS = 1024

export interface LossScaling {
  readonly arenas: readonly Arena[]
  /** The state, which says whether a step is taken. */
  readonly gate: Tensor
  /** [batchSize]: gradients of the losses begin with it. */
  readonly upstream: Tensor
  /** A gradient without the scale. */
  readonly unscaled: (gradient: Tensor) => Tensor
  /** Unscales an arena of gradients. */
  readonly unscale: (grads: Tensor) => Call
  /** Decides from gradients whether this step is taken, and adjusts the scale; they are unscaled first where they are not. */
  readonly decide: (grads: Tensor, scaled: boolean) => readonly Call[]
}

export function lossScaling(batchSize: number, trainedSize: number): LossScaling {
  const gate = state(LOSS_SCALE_ALLOCATIONS.state, LOSS_SCALE.length)
  const { scale, inverse } = inScope('loss', () => lossScale(gate, batchSize))
  const dims = unscaleDims(trainedSize, roundUp(ceilDiv(trainedSize, MOST_PARTIALS), BLOCK), 1)
  const partials = state(LOSS_SCALE_ALLOCATIONS.partials, unscalePartials(dims))
  const call = (grads: Tensor, SCALED: 0 | 1): Call =>
    ({ kernel: unscale, dims: { ...dims, SCALED }, buffers: { ...(SCALED === 1 ? { state: gate } : {}), grads, partials }, label: 'loss-scale/unscale' })
  return {
    arenas: [gate, partials].map((tensor, i) => ({ name: Object.values(LOSS_SCALE_ALLOCATIONS)[i]!, length: tensor.shape[0]!, parts: [] })),
    gate,
    upstream: scale,
    unscaled: (gradient) => inScope('loss/unscale', () => mul(gradient, inverse)),
    unscale: (grads) => call(grads, 1),
    decide: (grads, scaled) => [
      call(grads, scaled ? 1 : 0),
      { kernel: adjustLossScale, dims: adjustDims(partials.shape[0]!), buffers: { partials, state: gate }, label: 'loss-scale/adjust' },
    ],
  }
}

/** What people may want to know of it. */
export interface LossScale {
  readonly scale: number
  /** Steps that were left out, as their gradients were not finite. */
  readonly skippedSteps: number
}

export const describeLossScale = (values: ArrayLike<number>): LossScale => ({ scale: lossScaleOf(values), skippedSteps: values[LOSS_SCALE.skipped]! })

/** What training goes on from, by name. */
export type LossScaleState = Readonly<Record<string, number>>

const REMEMBERED = ['doublings', 'good', 'skipped'] as const

export const nameLossScale = (values: ArrayLike<number>): LossScaleState => Object.fromEntries(REMEMBERED.map((key) => [key, values[LOSS_SCALE[key]]!]))

/** Throws ConfigError where a number is missing or could not be. */
export function placeLossScale(named: LossScaleState): Float32Array {
  const values = new Float32Array(LOSS_SCALE.length)
  for (const key of REMEMBERED) {
    const value = named[key]
    if (value === undefined || !Number.isSafeInteger(value)) throw new ConfigError(`lossScale.${key}: must be a whole number, got ${value}. Restore what state() gave.`)
    values[LOSS_SCALE[key]] = value
  }
  return values
}
