// Which arrays of corrections travel: down behind the packed params of a snapshot, up behind the packed update and encoded
// with it. Both sides derive the same from the run file, so no message has to say it.
import type { Memory } from '../aggregators/aggregator.ts'
import type { Correction } from './correction.ts'

/** One array [size] of a correction. */
export interface Travelling {
  readonly correction: string
  readonly name: string
}

const all = (corrections: readonly Correction[], way: 'down' | 'up'): readonly Travelling[] =>
  corrections.flatMap((correction) => correction[way].map((name) => ({ correction: correction.name, name })))

export const downOf = (corrections: readonly Correction[]): readonly Travelling[] => all(corrections, 'down')
export const upOf = (corrections: readonly Correction[]): readonly Travelling[] => all(corrections, 'up')

/** Arrays that lie one behind the other in `values`, of each correction by name: views. */
export function split(values: Float32Array, travelling: readonly Travelling[], corrections: readonly Correction[]): Readonly<Record<string, Memory>> {
  const size = travelling.length === 0 ? 0 : values.length / travelling.length
  return Object.fromEntries(corrections.map(({ name: owner }) => [
    owner,
    Object.fromEntries(travelling.flatMap(({ correction, name }, i) => (correction === owner ? [[name, values.subarray(i * size, (i + 1) * size)]] : []))),
  ]))
}

/** The arrays of all corrections, one behind the other. */
export function join(memories: Readonly<Record<string, Memory>>, travelling: readonly Travelling[], size: number): Float32Array {
  const values = new Float32Array(travelling.length * size)
  travelling.forEach(({ correction, name }, i) => values.set(memories[correction]![name]!, i * size))
  return values
}
