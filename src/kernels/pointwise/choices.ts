// Comparisons, which give 1 or 0, and what chooses between numbers. Where two numbers are equal, max and min give the
// whole gradient to the first, and clamp gives none at its bounds.
import { definePointwise } from './function.ts'

export const choices = [
  definePointwise({ name: 'sign', arity: 1, forward: () => Math.sign, gradient: () => [undefined] }),
  /** 1 where x > 0. */
  definePointwise({ name: 'step', arity: 1, forward: () => (x) => (x > 0 ? 1 : 0), gradient: () => [undefined] }),
  definePointwise({ name: 'greater', arity: 2, forward: () => (a, b) => (a > b ? 1 : 0), gradient: () => [undefined, undefined] }),
  definePointwise({ name: 'equal', arity: 2, forward: () => (a, b) => (a === b ? 1 : 0), gradient: () => [undefined, undefined] }),
  /** a > 0 ? b : c */
  definePointwise({
    name: 'select', arity: 3, forward: () => (a, b, c) => (a > 0 ? b : c),
    gradient: ({ args: [a], dy, apply }) => {
      const chosen = apply('mul', [dy, apply('step', [a!])])
      return [undefined, chosen, apply('sub', [dy, chosen])]
    },
  }),
  definePointwise({
    name: 'max', arity: 2, forward: () => (a, b) => Math.max(a, b),
    gradient: ({ args: [a, b], dy, apply }) => {
      const second = apply('mul', [dy, apply('greater', [b!, a!])])
      return [apply('sub', [dy, second]), second]
    },
  }),
  definePointwise({
    name: 'min', arity: 2, forward: () => (a, b) => Math.min(a, b),
    gradient: ({ args: [a, b], dy, apply }) => {
      const second = apply('mul', [dy, apply('greater', [a!, b!])])
      return [apply('sub', [dy, second]), second]
    },
  }),
  definePointwise({
    name: 'clamp', arity: 1, constants: [{ name: 'low', probe: -0.5 }, { name: 'high', probe: 0.5 }], forward: ([low, high]) => (x) => Math.min(high!, Math.max(low!, x)),
    gradient: ({ args: [x], dy, constants, apply }) => [apply('mul', [dy, apply('within', [x!], constants)])],
  }),
  /** 1 where low < x < high. */
  definePointwise({
    name: 'within', arity: 1, constants: [{ name: 'low', probe: -0.5 }, { name: 'high', probe: 0.5 }], forward: ([low, high]) => (x) => (x > low! && x < high! ? 1 : 0),
    gradient: () => [undefined],
  }),
]
