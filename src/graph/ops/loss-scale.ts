// The scale of the losses, as gradients of them are begun with, and its inverse. `state` is what kernels/loss-scale.ts keeps.
import { lossScale as kernel, lossScaleDims } from '../../kernels/loss-scale.ts'
import { apply, type Op, type Tensor } from '../tensor.ts'

type LossScaleAttrs = { readonly examples: number }

/** scale[examples] and inverse[1]. */
export function lossScale(state: Tensor, examples: number): { readonly scale: Tensor; readonly inverse: Tensor } {
  const [scale, inverse] = apply(lossScaleOp, [state], { examples })
  return { scale: scale!, inverse: inverse! }
}

/** It depends on nothing that is differentiated. */
const lossScaleOp: Op<LossScaleAttrs> = {
  name: 'loss-scale',
  infer: (_inputs, { examples }) => [{ shape: [examples], element: 'f32' }, { shape: [1], element: 'f32' }],
  lower: ({ inputs: [state], outputs: [scale, inverse], attrs: { examples }, label }) =>
    ({ kernel, dims: lossScaleDims(examples), buffers: { state: state!, scale: scale!, inverse: inverse! }, label }),
  probes: [],
}
