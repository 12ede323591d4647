// Which updates and versions recovery would still have to make again: a checkpoint names them, because its params are
// those of a moment before the log reached the checkpoint.
import type { AcceptedRecord, LogRecord, VersionRecord } from './records.ts'

export type ReplayRecord = AcceptedRecord | VersionRecord

export class ReplayLedger {
  /** Accepted, in no version yet. */
  readonly #waiting = new Map<string, AcceptedRecord>()
  /** While a checkpoint is taken, all since it was asked for: nobody knows yet which version it will be of. */
  #held: ReplayRecord[] | undefined
  #holders = 0

  /** Follows the log. */
  add(record: LogRecord): void {
    if (record.type !== 'accepted' && record.type !== 'version') return
    this.#held?.push(record)
    if (record.type === 'accepted') this.#waiting.set(record.leaseId, record)
    else for (const lease of record.leases) this.#waiting.delete(lease)
  }

  /** A checkpoint is being taken from here on. */
  hold(): void {
    this.#holders++
    this.#held ??= [...this.#waiting.values()]
  }

  /** In the order of the log: what is not part of `version` or an earlier one. */
  after(version: number): readonly ReplayRecord[] {
    const held = this.#held ?? [...this.#waiting.values()]
    const covered = new Set(held.flatMap((record) => (record.type === 'version' && record.version <= version ? record.leases : [])))
    return held.filter((record) => (record.type === 'version' ? record.version > version : !covered.has(record.leaseId)))
  }

  release(): void {
    if (--this.#holders === 0) this.#held = undefined
  }
}
