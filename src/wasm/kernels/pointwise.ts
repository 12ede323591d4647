// Pointwise calls as programs for the interpreter in assembly/pointwise.ts.
import { ceilDiv } from '../../base/math.ts'
import { dim, type Kernel } from '../../kernels/kernel.ts'
import { programOf } from '../../kernels/pointwise/kernel.ts'
import { constantNumbers, operandInner, operandLength, resultName } from '../../kernels/pointwise/program.ts'
import type { Step, WasmKernel } from './wasm-kernel.ts'

/** Names of the interpreter's functions; their places are the numbers it knows them by. */
export const FUNCTIONS = [
  'copy', 'constant', 'add', 'sub', 'mul', 'div', 'neg', 'scale', 'add-constant', 'square', 'abs',
  'exp', 'log', 'sqrt', 'rsqrt', 'reciprocal', 'pow', 'tanh', 'tanh-slope',
  'sign', 'step', 'greater', 'equal', 'select', 'max', 'min',
  'relu', 'leaky-relu', 'leaky-relu-slope', 'elu', 'elu-slope', 'sigmoid', 'sigmoid-slope', 'softplus', 'silu', 'silu-slope',
  'gelu', 'gelu-slope', 'gelu-erf', 'gelu-erf-slope', 'clamp', 'within',
] as const

export type FunctionName = (typeof FUNCTIONS)[number]

const BLOCK = 512

/** Read at `i / inner % length`. */
export interface Operand {
  readonly at: number
  readonly length: number
  readonly inner: number
}

export interface ProgramStep {
  readonly fn: FunctionName
  /** Values: operands first, then earlier steps. */
  readonly args: readonly number[]
  /** Bits of up to two f32. */
  readonly constants?: readonly number[]
}

export interface ProgramResult {
  readonly value: number
  readonly at: number
}

/** Steps whose loops are more than a load and a store. */
const SLOW = new Set<FunctionName>(['exp', 'log', 'pow', 'tanh', 'elu', 'sigmoid', 'softplus', 'silu', 'silu-slope', 'gelu', 'gelu-slope', 'gelu-erf', 'gelu-erf-slope'])

export function programStep(size: number, operands: readonly Operand[], steps: readonly ProgramStep[], results: readonly ProgramResult[]): Step {
  // A result may be written at once where no later step can still want what lies there.
  const last = operands.length + steps.length - 1
  const taken = new Set(operands.map(({ at }) => at))
  const direct = (value: number): number => results.find((result) => result.value === value && (value === last || !taken.has(result.at)))?.at ?? 0
  const written = ({ value, at }: ProgramResult): number => (direct(value) === at ? 1 : 0)
  return {
    fn: 'pointwise',
    args: [
      size, operands.length, steps.length, results.length,
      ...operands.flatMap(({ at, length, inner }) => [at, length, inner]),
      ...steps.flatMap(({ fn, args, constants = [] }, s) => [FUNCTIONS.indexOf(fn), args[0] ?? 0, args[1] ?? 0, args[2] ?? 0, constants[0] ?? 0, constants[1] ?? 0, direct(operands.length + s)]),
      ...results.flatMap((result) => [result.value, result.at, written(result)]),
    ],
    units: ceilDiv(size, BLOCK),
    cost: size * steps.reduce((sum, { fn }) => sum + (SLOW.has(fn) ? 10 : 1), operands.length),
    own: () => ceilDiv((last + 1) * 4, 16) * 16 + (last + 1) * BLOCK * 4,
  }
}

/** A pointwise kernel's program as a step; undefined where it calls a function that the interpreter does not know. */
export function pointwiseKernelOf(kernel: Kernel): WasmKernel | undefined {
  const program = programOf(kernel)
  if (program === undefined || !program.steps.every(({ fn }) => isKnown(fn))) return undefined
  const numbers = constantNumbers(program)
  return {
    name: kernel.name,
    steps(d, at) {
      const operands = Array.from({ length: program.operands }, (_, k): Operand => ({ at: at(`x${k}`), length: operandLength(d, k), inner: operandInner(d, k) }))
      const steps = program.steps.map(({ fn, args }, s): ProgramStep => ({ fn: fn as FunctionName, args, constants: numbers[s]!.map((c) => dim(d, `C${c}`)) }))
      return [programStep(dim(d, 'SIZE'), operands, steps, program.results.map((value, r) => ({ value, at: at(resultName(program, r)) })))]
    },
  }
}

const isKnown = (fn: string): boolean => (FUNCTIONS as readonly string[]).includes(fn)

export const accumulate: WasmKernel = {
  name: 'accumulate',
  steps: (d, at) => [programStep(dim(d, 'SIZE'), ['x', 'y'].map((key) => ({ at: at(key), length: dim(d, 'SIZE'), inner: 1 })), [{ fn: 'add', args: [0, 1] }], [{ value: 2, at: at('y') }])],
}

export const proximal: WasmKernel = {
  name: 'proximal',
  steps(d, at) {
    const operands = ['params', 'anchor', 'grads'].map((key): Operand => ({ at: at(key), length: dim(d, 'SIZE'), inner: 1 }))
    const steps: readonly ProgramStep[] = [{ fn: 'sub', args: [0, 1] }, { fn: 'scale', args: [3], constants: [dim(d, 'PULL')] }, { fn: 'add', args: [2, 4] }]
    return [programStep(dim(d, 'SIZE'), operands, steps, [{ value: 5, at: at('grads') }])]
  },
}
