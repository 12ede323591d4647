// Activation functions of neural networks. `gelu` is the tanh form (Hendrycks and Gimpel 2016, arXiv 1606.08415), the default
// of GPT-2 and JAX; `gelu-erf` is the exact one, PyTorch's default.
import { definePointwise, fromInput, fromOutput } from './function.ts'

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI)
const CUBIC = 0.044715
const SQRT_1_2 = Math.SQRT1_2
const INVERSE_SQRT_2_PI = 1 / Math.sqrt(2 * Math.PI)

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const geluTanh = (x: number): number => Math.tanh(SQRT_2_OVER_PI * (x + CUBIC * x * x * x))

export const activationFunctions = [
  definePointwise({ name: 'relu', arity: 1, nonDecreasing: true, forward: () => (x) => (x > 0 ? x : 0), ...fromOutput('step') }),
  definePointwise({
    name: 'leaky-relu', arity: 1, constants: [{ name: 'slope', default: 0.01 }], forward: ([slope]) => (x) => (x > 0 ? x : slope! * x),
    ...fromOutput('leaky-relu-slope'),
  }),
  definePointwise({ name: 'leaky-relu-slope', arity: 1, constants: [{ name: 'slope', default: 0.01 }], forward: ([slope]) => (y) => (y > 0 ? 1 : slope!) }),
  definePointwise({
    name: 'elu', arity: 1, nonDecreasing: true, constants: [{ name: 'alpha', default: 1 }], forward: ([alpha]) => (x) => (x > 0 ? x : alpha! * Math.expm1(x)),
    ...fromOutput('elu-slope'),
  }),
  definePointwise({ name: 'elu-slope', arity: 1, constants: [{ name: 'alpha', default: 1 }], forward: ([alpha]) => (y) => (y > 0 ? 1 : y + alpha!) }),
  definePointwise({ name: 'sigmoid', arity: 1, nonDecreasing: true, forward: () => sigmoid, ...fromOutput('sigmoid-slope') }),
  definePointwise({ name: 'sigmoid-slope', arity: 1, forward: () => (y) => y * (1 - y) }),
  definePointwise({ name: 'softplus', arity: 1, nonDecreasing: true, forward: () => (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), ...fromInput('sigmoid') }),
  definePointwise({ name: 'silu', arity: 1, forward: () => (x) => x * sigmoid(x), ...fromInput('silu-slope') }),
  definePointwise({
    name: 'silu-slope', arity: 1,
    forward: () => (x) => {
      const s = sigmoid(x)
      return s * (1 + x * (1 - s))
    },
  }),
  definePointwise({ name: 'gelu', arity: 1, forward: () => (x) => 0.5 * x * (1 + geluTanh(x)), ...fromInput('gelu-slope') }),
  definePointwise({
    name: 'gelu-slope', arity: 1,
    forward: () => (x) => {
      const t = geluTanh(x)
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * SQRT_2_OVER_PI * (1 + 3 * CUBIC * x * x)
    },
  }),
  definePointwise({ name: 'gelu-erf', arity: 1, forward: () => (x) => 0.5 * x * (1 + erf(x * SQRT_1_2)), ...fromInput('gelu-erf-slope') }),
  definePointwise({
    name: 'gelu-erf-slope', arity: 1,
    forward: () => (x) => 0.5 * (1 + erf(x * SQRT_1_2)) + x * INVERSE_SQRT_2_PI * Math.exp(-0.5 * x * x),
  }),
]

/** The error function to double precision: its series near 0, the continued fraction of its complement far from it (Abramowitz and Stegun 7.1.5, 7.1.14). */
function erf(x: number): number {
  const z = Math.abs(x)
  if (z > 6) return Math.sign(x)
  if (z > 2.5) {
    let fraction = 0
    for (let k = 60; k > 0; k--) fraction = k / 2 / (z + fraction)
    return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction))
  }
  let term = x, sum = x
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}
