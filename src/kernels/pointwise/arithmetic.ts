// The four operations, and what is near them.
import { definePointwise } from './function.ts'

export const arithmetic = [
  definePointwise({ name: 'copy', arity: 1, forward: () => (x) => x, gradient: ({ dy }) => [dy] }),
  definePointwise({ name: 'constant', arity: 0, constants: [{ name: 'value', probe: 1.5 }], forward: ([value]) => () => value! }),
  definePointwise({ name: 'add', arity: 2, forward: () => (a, b) => a + b, gradient: ({ dy }) => [dy, dy] }),
  definePointwise({ name: 'sub', arity: 2, forward: () => (a, b) => a - b, gradient: ({ dy, apply }) => [dy, apply('neg', [dy])] }),
  definePointwise({ name: 'mul', arity: 2, forward: () => (a, b) => a * b, gradient: ({ args: [a, b], dy, apply }) => [apply('mul', [dy, b!]), apply('mul', [dy, a!])] }),
  definePointwise({
    name: 'div', arity: 2, range: [0.5, 2], forward: () => (a, b) => a / b,
    gradient: ({ args: [, b], y, dy, apply }) => {
      const slope = apply('div', [dy, b!])
      return [slope, apply('neg', [apply('mul', [slope, y])])]
    },
  }),
  definePointwise({ name: 'neg', arity: 1, forward: () => (x) => -x, gradient: ({ dy, apply }) => [apply('neg', [dy])] }),
  definePointwise({
    name: 'scale', arity: 1, constants: [{ name: 'factor', probe: -0.75 }], forward: ([factor]) => (x) => x * factor!,
    gradient: ({ dy, constants, apply }) => [apply('scale', [dy], constants)],
  }),
  definePointwise({ name: 'add-constant', arity: 1, constants: [{ name: 'value', probe: 0.25 }], forward: ([value]) => (x) => x + value!, gradient: ({ dy }) => [dy] }),
  definePointwise({ name: 'square', arity: 1, forward: () => (x) => x * x, gradient: ({ args: [x], dy, apply }) => [apply('scale', [apply('mul', [dy, x!])], [2])] }),
  definePointwise({ name: 'abs', arity: 1, forward: () => Math.abs, gradient: ({ args: [x], dy, apply }) => [apply('mul', [dy, apply('sign', [x!])])] }),
]
