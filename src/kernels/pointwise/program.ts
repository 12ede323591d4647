// A program of pointwise functions: what one call of a fused chain computes for each element. Plain data, so that every
// runner can turn it into what runs best there: WGSL, SIMD loops, or the interpreter below.
import { bitsFloat } from '../../base/math.ts'
import { dim, type Dims, type NumberArray } from '../kernel.ts'
import { pointwiseFunctions } from './index.ts'

export interface PointwiseProgram {
  /** Tensors that are read: values 0 to operands - 1. */
  readonly operands: number
  /** Each makes the next value. */
  readonly steps: readonly PointwiseStep[]
  /** Numbers of the values that are written: to y0, y1, … */
  readonly results: readonly number[]
  /** Operands that a result takes the place of: `inPlace[r]` is the operand whose buffer result r is written to, -1 for one of its own. */
  readonly inPlace?: readonly number[]
}

export interface PointwiseStep {
  /** Key in `pointwiseFunctions`. */
  readonly fn: string
  /** Numbers of earlier values. */
  readonly args: readonly number[]
}

/**
 * Dims of a call, besides SIZE: operand k is read at `i / INNERk % LENk`, so it varies along some neighbouring dimensions and is
 * repeated along the others; constants are f32 bits C0, C1, …, in the order of the steps that take them.
 */
export const operandLength = (d: Dims, k: number): number => dim(d, `LEN${k}`)
export const operandInner = (d: Dims, k: number): number => dim(d, `INNER${k}`)

/** The program as text: `add(0,1) relu(2)`, with the results after an arrow where they are not just the last value. */
export function formatProgram({ operands, steps, results, inPlace }: PointwiseProgram): string {
  const body = steps.map(({ fn, args }) => `${fn}(${args.join(',')})`).join(' ')
  const last = operands + steps.length - 1
  const written = results.length === 1 && results[0] === last ? '' : ` -> ${results.join(',')}`
  return `${body}${written}${inPlace === undefined ? '' : ` in ${inPlace.join(',')}`}`
}

/** Numbers of each step's constants among all of the program's. */
export function constantNumbers({ steps }: PointwiseProgram): readonly (readonly number[])[] {
  let next = 0
  return steps.map(({ fn }) => (pointwiseFunctions.get(fn).constants ?? []).map(() => next++))
}

/** Elements computed at a time: registers stay in the cache. */
const BLOCK = 512

/** Buffers are x0, x1, … and y0, y1, …, less the results that are written in place. */
export function interpret(program: PointwiseProgram, d: Dims, buffers: Readonly<Record<string, NumberArray>>): void {
  const size = dim(d, 'SIZE')
  const numbers = constantNumbers(program)
  const steps = program.steps.map(({ fn, args }, s) => ({ args, compute: pointwiseFunctions.get(fn).forward(numbers[s]!.map((c) => bitsFloat(dim(d, `C${c}`)))) }))
  const values = Array.from({ length: program.operands + steps.length }, () => new Float64Array(BLOCK))
  const nothing = new Float64Array(BLOCK)
  for (let start = 0; start < size; start += BLOCK) {
    const count = Math.min(BLOCK, size - start)
    for (let k = 0; k < program.operands; k++) load(values[k]!, buffers[`x${k}`]!, { start, count, inner: operandInner(d, k), length: operandLength(d, k) })
    steps.forEach(({ args, compute }, s) => {
      const [a, b, c] = [0, 1, 2].map((j) => (args[j] === undefined ? nothing : values[args[j]]!)) as [Float64Array, Float64Array, Float64Array]
      const result = values[program.operands + s]!
      for (let i = 0; i < count; i++) result[i] = compute(a[i]!, b[i]!, c[i]!)
    })
    program.results.forEach((value, r) => resultBuffer(program, buffers, r).set(values[value]!.subarray(0, count), start))
  }
}

function load(into: Float64Array, from: NumberArray, { start, count, inner, length }: { start: number; count: number; inner: number; length: number }): void {
  for (let i = 0; i < count; i++) into[i] = from[Math.floor((start + i) / inner) % length]!
}

/** Name of the buffer that result r is written to. */
export function resultName({ inPlace }: PointwiseProgram, r: number): string {
  const operand = inPlace?.[r] ?? -1
  return operand < 0 ? `y${r}` : `x${operand}`
}

const resultBuffer = (program: PointwiseProgram, buffers: Readonly<Record<string, NumberArray>>, r: number): NumberArray => buffers[resultName(program, r)]!
