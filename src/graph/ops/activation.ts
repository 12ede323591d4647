// Elementwise activations by name. The gradient is computed from the output, so the input need not be kept.
import { product } from '../../base/math.ts'
import { createRegistry } from '../../base/registry.ts'
import { activations } from '../../kernels/activation.ts'
import { activationGradient as gradientKernel, biasActivation } from '../../kernels/pointwise.ts'
import { apply, type Op, type Tensor } from '../tensor.ts'

export const activationRegistry = createRegistry('activation', activations)

type ActivationAttrs = { readonly code: number }

/** act(x), `kind` being a name in kernels/activation.ts; `linear` is x itself. */
export function activation(x: Tensor, kind: string): Tensor {
  const { code } = activationRegistry.get(kind)
  return code === 0 ? x : apply(activationOp, [x], { code })[0]!
}

/** A copy of x in its own memory, for where a tensor must lie in a certain place. */
export const copy = (x: Tensor): Tensor => apply(activationOp, [x], { code: 0 })[0]!

export const activationOp: Op<ActivationAttrs> = {
  name: 'activation',
  infer: ([x]) => [{ shape: x!.shape, element: 'f32' }],
  gradient({ outputs, attrs }, [dy]) {
    if (dy === undefined) return []
    return [attrs.code === 0 ? dy : apply(activationGradientOp, [outputs[0]!, dy], attrs)[0]!]
  },
  lower: ({ inputs, outputs, attrs, label }) => ({
    kernel: biasActivation,
    dims: { SIZE: product(inputs[0]!.shape), COLS: inputs[0]!.shape.at(-1)!, BIAS: 0, ACT: attrs.code },
    buffers: { x: inputs[0]!, y: outputs[0]! },
    label,
  }),
  probes: activations.map(({ code }) => ({ inputs: [{ shape: [3, 7] }], build: ([x]) => apply(activationOp, [x!], { code })[0]! })),
}

/** dy * act'(y). Linear in dy; as a function of y it has no gradient rule. */
export const activationGradientOp: Op<ActivationAttrs> = {
  name: 'activation-gradient',
  infer: ([y]) => [{ shape: y!.shape, element: 'f32' }],
  gradient({ inputs, attrs }, [g]) {
    return g === undefined ? [] : [undefined, apply(activationGradientOp, [inputs[0]!, g], attrs)[0]!]
  },
  lower: ({ inputs, outputs, attrs, label }) => ({
    kernel: gradientKernel,
    dims: { SIZE: product(inputs[0]!.shape), ACT: attrs.code },
    buffers: { y: inputs[0]!, dy: inputs[1]!, dx: outputs[0]! },
    label,
  }),
  probes: activations.filter(({ code }) => code !== 0).map(({ code }) => ({
    inputs: [{ shape: [3, 7], constant: true as const }, { shape: [3, 7] }],
    build: ([y, dy]) => apply(activationGradientOp, [y!, dy!], { code })[0]!,
  })),
}
