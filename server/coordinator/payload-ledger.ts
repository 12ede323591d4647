// Which payload segments recovery would still need: those of updates that no checkpoint covers.
import type { LogRecord } from './records.ts'

export class PayloadLedger {
  readonly #open = new Map<string, { readonly segment: number; version: number | undefined }>()

  /** Follows the log. */
  add(record: LogRecord): void {
    if (record.type === 'accepted' && record.place !== undefined) this.#open.set(record.leaseId, { segment: record.place.segment, version: undefined })
    if (record.type === 'version') {
      for (const lease of record.leases) {
        const entry = this.#open.get(lease)
        if (entry !== undefined) entry.version = record.version
      }
    }
    if (record.type === 'checkpoint') {
      for (const [lease, { version }] of this.#open) if (version !== undefined && version <= record.version) this.#open.delete(lease)
    }
  }

  needed(): Set<number> {
    return new Set([...this.#open.values()].map(({ segment }) => segment))
  }
}
