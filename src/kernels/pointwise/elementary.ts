// Roots, powers, exponentials and logarithms.
import { definePointwise, fromOutput } from './function.ts'

export const elementary = [
  definePointwise({ name: 'exp', arity: 1, nonDecreasing: true, forward: () => Math.exp, gradient: ({ y, dy, apply }) => [apply('mul', [dy, y])] }),
  definePointwise({ name: 'log', arity: 1, nonDecreasing: true, range: [0.25, 3], forward: () => Math.log, gradient: ({ args: [x], dy, apply }) => [apply('div', [dy, x!])] }),
  definePointwise({ name: 'sqrt', arity: 1, nonDecreasing: true, range: [0.25, 3], forward: () => Math.sqrt, gradient: ({ y, dy, apply }) => [apply('scale', [apply('div', [dy, y])], [0.5])] }),
  definePointwise({
    name: 'rsqrt', arity: 1, range: [0.25, 3], forward: () => (x) => 1 / Math.sqrt(x),
    gradient: ({ args: [x], y, dy, apply }) => [apply('scale', [apply('mul', [dy, apply('div', [y, x!])])], [-0.5])],
  }),
  definePointwise({ name: 'reciprocal', arity: 1, range: [0.5, 2], forward: () => (x) => 1 / x, gradient: ({ y, dy, apply }) => [apply('neg', [apply('mul', [dy, apply('square', [y])])])] }),
  /** x >= 0: WGSL's pow knows no negative base. */
  definePointwise({
    name: 'pow', arity: 1, range: [0.25, 2], constants: [{ name: 'exponent', probe: 2.5 }], forward: ([exponent]) => (x) => x ** exponent!,
    gradient: ({ args: [x], dy, constants: [exponent], apply }) => [apply('scale', [apply('mul', [dy, apply('pow', [x!], [exponent! - 1])])], [exponent!])],
  }),
  definePointwise({ name: 'tanh', arity: 1, nonDecreasing: true, forward: () => Math.tanh, ...fromOutput('tanh-slope') }),
  definePointwise({ name: 'tanh-slope', arity: 1, forward: () => (y) => 1 - y * y }),
]
