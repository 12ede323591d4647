// How far a GPU's result may lie from the reference, by name. Every comparison of numbers in src/gpu uses these.
import type { NumberArray } from '../kernels/kernel.ts'

interface Tolerance {
  readonly absolute: number
  /** Relative to the larger of the expected value and the root mean square of the whole expected tensor. */
  readonly relative: number
}

export const tolerances = {
  /** Same operations, possibly fused or reordered once. */
  strict: { absolute: 1e-7, relative: 1e-6 },
  /** Sums in another order, and transcendental functions as exact as WGSL asks for. */
  balanced: { absolute: 1e-6, relative: 5e-5 },
  /** Whole training steps, and functions of drivers that round freely. */
  permissive: { absolute: 1e-5, relative: 2e-3 },
  /** Results rounded to f16: one unit of its last place, as sums that differ in f32's may round to neighbours. */
  half: { absolute: 1e-6, relative: 1e-3 },
} as const satisfies Record<string, Tolerance>

export type ToleranceName = keyof typeof tolerances

export interface Mismatch {
  readonly buffer: string
  readonly index: number
  readonly actual: number
  readonly expected: number
}

const MOST = 5

/** The first five elements out of tolerance. NaN matches nothing, not even NaN: references are made to stay finite. */
export function mismatches(buffer: string, actual: NumberArray, expected: NumberArray, name: ToleranceName): readonly Mismatch[] {
  const { absolute, relative } = tolerances[name]
  let squares = 0
  for (const value of expected) squares += value * value
  const scale = Math.sqrt(squares / Math.max(1, expected.length))
  const found: Mismatch[] = []
  for (let index = 0; index < expected.length && found.length < MOST; index++) {
    const want = expected[index]!, got = actual[index] ?? NaN
    if (!(Math.abs(got - want) <= absolute + relative * Math.max(Math.abs(want), scale))) found.push({ buffer, index, actual: got, expected: want })
  }
  return found
}

export const describeMismatches = (list: readonly Mismatch[]): string =>
  list.map(({ buffer, index, actual, expected }) => `${buffer}[${index}] = ${actual}, expected ${expected}`).join('\n')
