// Activations that matmul, convolutions and pooling apply in their epilogue. The codes are those of shaders/kernels/activation.wgsl.
import { pointwiseFunctions } from './pointwise/index.ts'

export interface Activation {
  /** Key in the registry of pointwise functions, but for `linear`. */
  readonly name: string
  readonly code: number
  readonly forward: (x: number) => number
}

const NAMES = ['relu', 'tanh', 'sigmoid', 'leaky-relu', 'elu', 'gelu', 'gelu-erf', 'silu', 'softplus']

export const activations: readonly Activation[] = [
  { name: 'linear', code: 0, forward: (x) => x },
  ...NAMES.map((name, i) => ({ name, code: i + 1, forward: withDefaults(name) })),
]

/** As a function of x alone. */
function withDefaults(name: string): (x: number) => number {
  const { forward } = pointwiseFunctions.get(name)
  const compute = forward(activationConstants(name))
  return (x) => compute(x, 0, 0)
}

/** Constants that an activation has where nothing else is said, and in every epilogue. */
export function activationConstants(name: string): readonly number[] {
  return (pointwiseFunctions.get(name).constants ?? []).map(({ default: usual }) => usual ?? 0)
}

export const activationByCode = (code: number): Activation => {
  const found = activations.find((a) => a.code === code)
  if (found === undefined) throw new RangeError(`activation code: must be 0..${activations.length - 1}, got ${code}`)
  return found
}
