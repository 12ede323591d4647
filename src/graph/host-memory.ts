// What runners do alike with the host's arrays: check what a run is given, and copy it to memory that the host can see.
import { InvariantError } from '../base/errors.ts'
import type { NumberArray } from '../kernels/kernel.ts'
import type { Plan } from './plan.ts'

/** Throws InvariantError unless a run is given exactly its Plan's inputs, each with its number of elements. */
export function checkInputs({ name: plan, inputs: wanted }: Plan, given: Readonly<Record<string, { readonly length: number }>>): void {
  const extra = Object.keys(given).find((name) => !(name in wanted))
  if (extra !== undefined) throw new InvariantError(`plan ${plan}: must be given only its inputs ${Object.keys(wanted).join(', ')}, got ${extra}. Remove it.`)
  for (const [name, { view }] of Object.entries(wanted)) {
    const length = given[name]?.length
    if (length === undefined) throw new InvariantError(`input ${name} of plan ${plan}: must be given, got ${Object.keys(given).join(', ') || 'nothing'}. Add it.`)
    checkLength(name, length, view.length)
  }
}

export function copyInto(memory: NumberArray, data: NumberArray, name: string): void {
  checkLength(name, data.length, memory.length)
  memory.set(data)
}

function checkLength(name: string, length: number, wanted: number): void {
  if (length !== wanted) throw new InvariantError(`${name}: must have ${wanted} elements, got ${length}. Pad the batch, or compile for its size.`)
}

export function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
