// Sums that no order can change. Values are clamped to ±bound, rounded to 2^-quantumBits (ties to even) and added as
// integers in a Float64Array, which is exact while every sum stays below 2^53. Overflow is ruled out before a run.
import { ConfigError, invariant } from '../base/errors.ts'

export interface ExactSumOptions {
  /** Elements are clamped to ±bound. */
  readonly bound: number
  /** Elements are rounded to 2^-quantumBits. */
  readonly quantumBits: number
}

/** Real weights are integers in this unit; weights that count examples are integers as they are. */
export const WEIGHT_UNIT = 2 ** -10

/** A real weight in units of 2^-10, at least one unit: no accepted update is lost by rounding. */
export const weightUnits = (weight: number): number => Math.max(1, Math.round(weight / WEIGHT_UNIT))

const LIMIT = 2 ** 53
// Adding and subtracting this rounds |x| < 2^51 to an integer, ties to even, without a call.
const ROUND = 1.5 * 2 ** 52

/** Throws ConfigError where a sum of weights up to `totalWeight` could leave the exact range. */
export function checkCapacity({ bound, quantumBits }: ExactSumOptions, totalWeight: number): void {
  const worst = bound * 2 ** quantumBits * totalWeight
  if (worst < LIMIT && bound * 2 ** quantumBits < 2 ** 51) return
  const bits = Math.floor(Math.log2(LIMIT / (bound * totalWeight)) - 1e-9)
  const remedy = bits >= 24 ? `Set exactSum.quantumBits to ${bits} or less` : 'Lower exactSum.bound'
  throw new ConfigError(`exactSum: must keep bound x 2^quantumBits x total weight below 2^53, got ${bound} x 2^${quantumBits} x ${totalWeight}. ${remedy}, or combine fewer examples at once.`)
}

export interface ExactSum {
  /** [size] sums in quanta times weight. */
  readonly sums: Float64Array
  readonly options: ExactSumOptions
  /** Adds encoded updates itself, where there is one. */
  readonly engine: SumEngine | undefined
  totalWeight: number
  /** Elements clamped so far. */
  clamped: number
}

/** How an update is added: times an integer weight, and before that times `factor`, at most 1. */
export interface Scaling {
  readonly weight: number
  readonly factor: number
}

/** An update to be added. */
export interface Summand {
  /** [size], finite. Decoded when first asked for, where there is `encoded`. */
  readonly values: Float32Array
  /** Where an engine finds it as its sender encoded it. */
  readonly encoded?: Uint8Array | undefined
}

/** Arithmetic that decodes updates and adds them in one pass, perhaps later and several at once. The sums are those of `addScaled`, bit for bit. */
export interface SumEngine {
  /** [size], where the engine adds. */
  readonly sums: Float64Array
  add(encoded: Uint8Array, scaling: Scaling): void
  /** Adds what is waiting. Returns how many elements were clamped. */
  settle(): number
  /** sums / divisor as f32, [size]. Good until the next one. */
  mean(divisor: number): Float32Array
}

export const createExactSum = (size: number, options: ExactSumOptions, engine?: SumEngine): ExactSum =>
  ({ sums: engine?.sums ?? new Float64Array(size), options, engine, totalWeight: 0, clamped: 0 })

/** Adds `weight` times `values` [size]. The caller has checked that they are finite. Returns how many were clamped. */
export const addExact = (into: ExactSum, values: Float32Array, weight: number): number => addScaled(into, values, { weight, factor: 1 })

/** As `addExact`, of the values multiplied by `factor`, at most 1, before they are clamped and rounded. */
export function addScaled(into: ExactSum, values: Float32Array, scaling: Scaling): number {
  const { sums, options: { bound, quantumBits } } = into
  const { weight, factor } = scaling
  invariant(values.length === sums.length, `exact sum: must get ${sums.length} values, got ${values.length}.`)
  checkScaling(into, scaling)
  const scale = 2 ** quantumBits
  let clamped = 0
  for (let i = 0; i < sums.length; i++) {
    let value = values[i]! * factor
    if (value > bound) { value = bound; clamped++ } else if (value < -bound) { value = -bound; clamped++ }
    sums[i]! += (value * scale + ROUND - ROUND) * weight
  }
  into.totalWeight += weight
  into.clamped += clamped
  return clamped
}

/** Adds an update, by the sum's engine where there are both. Returns how many were clamped, 0 where the engine will say. */
export function addUpdate(into: ExactSum, update: Summand, scaling: Scaling): number {
  if (into.engine === undefined || update.encoded === undefined) return addScaled(into, update.values, scaling)
  checkScaling(into, scaling)
  into.engine.add(update.encoded, scaling)
  into.totalWeight += scaling.weight
  return 0
}

function checkScaling({ options: { bound, quantumBits }, totalWeight }: ExactSum, { weight, factor }: Scaling): void {
  invariant(Number.isSafeInteger(weight) && weight > 0, `exact sum: weight must be a positive integer, got ${weight}.`)
  invariant(factor >= 0 && factor <= 1, `exact sum: factor must be in 0..1, got ${factor}.`)
  invariant(bound * 2 ** quantumBits * (totalWeight + weight) < LIMIT, `exact sum: must stay below 2^53, got total weight ${totalWeight + weight}.`)
}

/** Adds what an engine has put off. */
function settle(sum: ExactSum): void {
  sum.clamped += sum.engine?.settle() ?? 0
}

/** Adds a partial sum of the same run: any tree of merges gives the same bytes. */
export function mergeExact(into: ExactSum, other: ExactSum): void {
  invariant(other.sums.length === into.sums.length, `exact sum: must merge ${into.sums.length} values, got ${other.sums.length}.`)
  invariant(other.options.bound === into.options.bound && other.options.quantumBits === into.options.quantumBits, 'exact sum: must merge sums of equal bound and quantum.')
  settle(into)
  settle(other)
  for (let i = 0; i < into.sums.length; i++) into.sums[i]! += other.sums[i]!
  into.totalWeight += other.totalWeight
  into.clamped += other.clamped
}

/** The weighted mean, [size]. */
export function exactMean(sum: ExactSum): Float32Array {
  const { sums, totalWeight, options, engine } = sum
  invariant(totalWeight > 0, 'exact sum: must have a positive total weight before a mean is taken.')
  const divisor = 2 ** options.quantumBits * totalWeight
  settle(sum)
  if (engine !== undefined) return engine.mean(divisor)
  const mean = new Float32Array(sums.length)
  for (let i = 0; i < sums.length; i++) mean[i] = sums[i]! / divisor
  return mean
}

/** Back to an empty sum, keeping its memory. */
export function clearExact(sum: ExactSum): void {
  settle(sum)
  sum.sums.fill(0)
  sum.totalWeight = 0
  sum.clamped = 0
}
