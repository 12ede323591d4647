// Who reads what among calls: what decides whether a tensor may be fused away.
import { readsOf, type Call } from './call.ts'
import { storage, type Tensor } from './tensor.ts'

export interface Surroundings {
  /** Calls that run after those to be fused. */
  readonly effects: readonly Call[]
  /** Storages that must exist after the plan has run, and where: they are never fused away, and no call writes two of one place. */
  readonly kept: ReadonlyMap<Tensor, string>
}

/** The calls that read each storage, in their order. */
export function readersOf(calls: readonly Call[]): ReadonlyMap<Tensor, readonly Call[]> {
  const readers = new Map<Tensor, Call[]>()
  for (const call of calls) for (const root of new Set(readsOf(call).map(storage))) {
    const known = readers.get(root)
    if (known === undefined) readers.set(root, [call])
    else known.push(call)
  }
  return readers
}
