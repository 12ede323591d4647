// Activations that matmul, conv2d and bias-activation apply in their epilogue. Each one's gradient is a function
// of its output, so the pre-activation need not be kept. The codes are those of shaders/kernels/activation.wgsl.

export interface Activation {
  readonly name: string
  readonly code: number
  readonly forward: (x: number) => number
  /** Derivative with respect to the input, given the output y. */
  readonly slope: (y: number) => number
  /** Never falls: the maximum of activations is the activation of the maximum. */
  readonly nonDecreasing: boolean
}

export const activations: readonly Activation[] = [
  { name: 'linear', code: 0, forward: (x) => x, slope: () => 1, nonDecreasing: true },
  { name: 'relu', code: 1, forward: (x) => (x > 0 ? x : 0), slope: (y) => (y > 0 ? 1 : 0), nonDecreasing: true },
  { name: 'tanh', code: 2, forward: Math.tanh, slope: (y) => 1 - y * y, nonDecreasing: true },
  { name: 'sigmoid', code: 3, forward: (x) => 1 / (1 + Math.exp(-x)), slope: (y) => y * (1 - y), nonDecreasing: true },
]

export const activationByCode = (code: number): Activation => {
  const found = activations.find((a) => a.code === code)
  if (found === undefined) throw new RangeError(`activation code: must be 0..${activations.length - 1}, got ${code}`)
  return found
}
