// Programs that tests check as kernels: each function alone, and chains with every feature that fusion makes use of.
import { pointwiseFunctions } from './index.ts'
import { pointwiseKernel } from './kernel.ts'
import type { PointwiseProgram } from './program.ts'

const alone = pointwiseFunctions.entries().map(([fn, { arity }]): PointwiseProgram =>
  ({ operands: arity, steps: [{ fn, args: Array.from({ length: arity }, (_, i) => i) }], results: [arity] }))

const chains: readonly PointwiseProgram[] = [
  { operands: 3, steps: [{ fn: 'mul', args: [0, 1] }, { fn: 'add', args: [3, 2] }, { fn: 'relu', args: [4] }], results: [5] },
  // Two results, constants of several steps, a value read twice.
  { operands: 2, steps: [{ fn: 'scale', args: [0] }, { fn: 'add-constant', args: [1] }, { fn: 'mul', args: [2, 3] }, { fn: 'square', args: [4] }], results: [5, 4] },
  { operands: 2, steps: [{ fn: 'mul', args: [0, 1] }, { fn: 'leaky-relu', args: [2] }], results: [3], inPlace: [0] },
]

export const pointwiseSamples = [...alone, ...chains].map(pointwiseKernel)
