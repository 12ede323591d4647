// Takes checkpoints and removes what they make unnecessary.
import type { Clock } from '../../src/base/clock.ts'
import type { Numeric } from '../numeric/numeric.ts'
import { describeDiskError } from '../store/disk.ts'
import type { Store } from '../store/store.ts'
import { PayloadLedger } from './payload-ledger.ts'
import type { CheckpointRecord, LogRecord } from './records.ts'

const RETRY_MS = 2_000
/** Checkpoint files kept: the last, and one before it. */
const KEPT = 2

export interface CheckpointParts {
  readonly clock: Clock
  readonly store: Store
  readonly numeric: Numeric
  /** The disk refuses (why, for people), or works again. */
  readonly onFault: (fault: string | undefined) => void
}

export class Checkpoints {
  readonly #parts: CheckpointParts
  readonly #ledger = new PayloadLedger()
  #files: string[] = []
  #failed = false
  #closing = false
  #cancelRetry: () => void = () => {}

  constructor(parts: CheckpointParts) {
    this.#parts = parts
  }

  get failing(): boolean {
    return this.#failed
  }

  /** Follows the log. */
  add(record: LogRecord): void {
    this.#ledger.add(record)
    if (record.type === 'checkpoint') this.#files.push(record.file)
  }

  /** Writes params and optimizer state as they are now. Undefined where the run closed before the disk took them. */
  async take(): Promise<CheckpointRecord | undefined> {
    const { store, numeric } = this.#parts
    const { version, modelHash, file, bytes } = await numeric.checkpoint()
    while (!(await this.#write(file, bytes))) {
      if (this.#closing) return undefined
      await new Promise<void>((resolve) => {
        const cancelTimer = this.#parts.clock.after(RETRY_MS, resolve)
        this.#cancelRetry = () => {
          cancelTimer()
          resolve()
        }
      })
    }
    // From here on payloads go to a new segment, so that older ones can be removed whole.
    return { type: 'checkpoint', version, modelHash, file, segment: store.rotate(), bytes: bytes.length }
  }

  async #write(file: string, bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#parts.store.writeFile(file, bytes)
    } catch (error) {
      this.#failed = true
      if (!this.#closing) this.#parts.onFault(describeDiskError(error))
      return false
    }
    if (this.#failed && !this.#closing) this.#parts.onFault(undefined)
    this.#failed = false
    return true
  }

  /** Removes what no recovery would need, now that `record` is on disk. Groups still being written use its segment or a later one. */
  async prune({ segment }: CheckpointRecord): Promise<void> {
    const { store } = this.#parts
    const needed = this.#ledger.needed()
    for (const old of await store.segments()) if (old < segment && !needed.has(old)) await store.removeSegment(old)
    await store.pruneFiles(new Set(this.#files.slice(-KEPT)))
  }

  /** A disk that refuses must not keep the process from ending. */
  close(): void {
    this.#closing = true
    this.#cancelRetry()
  }
}
