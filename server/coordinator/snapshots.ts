// Packed params of the versions that somebody may still fetch, by hash.
import type { CoordinatorState } from './state.ts'

/** Kept although nobody works on them: for those who come, or predict, a moment late. */
const RECENT = 4

export class Snapshots {
  readonly #bytes = new Map<string, Uint8Array>()

  get(hash: string): Uint8Array | undefined {
    return this.#bytes.get(hash)
  }

  add(hash: string, bytes: Uint8Array): void {
    // An update of zeros makes the same params again: they count as the newest.
    this.#bytes.delete(hash)
    this.#bytes.set(hash, bytes)
  }

  /** Drops those that no lease and no evaluation is of. */
  prune({ modelHash, evaluation, leases }: CoordinatorState): void {
    const wanted = new Set([modelHash, evaluation?.modelHash, ...Object.values(leases).map((lease) => lease.modelHash)])
    // In the order they were made: those after the current version are of versions still on their way to the log.
    const made = [...this.#bytes.keys()]
    const unwanted = made.slice(0, made.indexOf(modelHash)).filter((hash) => !wanted.has(hash))
    for (const hash of unwanted.slice(0, Math.max(0, unwanted.length - RECENT))) this.#bytes.delete(hash)
  }
}
