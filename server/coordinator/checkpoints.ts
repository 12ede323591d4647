// Takes checkpoints and removes what they make unnecessary.
import type { Clock } from '../../src/base/clock.ts'
import type { Numeric } from '../numeric/numeric.ts'
import { sha256 } from '../sha256.ts'
import { describeDiskError } from '../store/disk.ts'
import type { Beginning, Store } from '../store/store.ts'
import type { CheckpointRecord, LogRecord } from './records.ts'
import type { ReplayLedger } from './replay-ledger.ts'
import { keep, type Retention } from './retention.ts'
import { encodeStateFile, type StateFile } from './state-file.ts'

const RETRY_MS = 2_000

export interface CheckpointParts {
  readonly clock: Clock
  readonly store: Store
  readonly numeric: Numeric
  readonly retention: Retention
  /** Follows the log, as `add` does. */
  readonly ledger: ReplayLedger
  /** What is known when all of the log so far is folded in. */
  readonly known: () => Pick<StateFile, 'run' | 'state' | 'curve'>
  /** The disk refuses (why, for people), or works again. */
  readonly onFault: (fault: string | undefined) => void
}

export class Checkpoints {
  readonly #parts: CheckpointParts
  #taken: readonly CheckpointRecord[]
  #failed = false
  #closing = false
  #cancelRetry: () => void = () => {}

  /** `taken` are those that are kept so far, oldest first. */
  constructor(parts: CheckpointParts, taken: readonly CheckpointRecord[]) {
    this.#parts = parts
    this.#taken = taken
  }

  get failing(): boolean {
    return this.#failed
  }

  /** Follows the log. */
  add(record: LogRecord): void {
    this.#parts.ledger.add(record)
    if (record.type === 'checkpoint') this.#taken = [...this.#taken, record]
  }

  /** Writes all that a run goes on from; `onDurable` hears of the record. Resolves when the params are written and the rest waits for its turn, or when the run closed before the disk took them. */
  async take(onDurable: (record: CheckpointRecord) => void): Promise<void> {
    const { store, numeric, ledger } = this.#parts
    // What this checkpoint does not cover lies apart from what it does.
    store.rotate()
    ledger.hold()
    const { version, modelHash, file, bytes } = await numeric.checkpoint()
    if (!(await this.#writeUntilDone(file, bytes))) return
    const model = { version, modelHash, file, bytes: bytes.length }
    store.begin((log) => this.#beginning(model, log), (record) => {
      ledger.release()
      onDurable(record as CheckpointRecord)
    })
  }

  /** Called when every record before it is folded in, so that state and log agree. */
  #beginning(model: Pick<CheckpointRecord, 'version' | 'modelHash' | 'file' | 'bytes'>, log: number): Beginning {
    const { store, ledger, known } = this.#parts
    const replay = ledger.after(model.version)
    const { run, state, curve } = known()
    const bytes = encodeStateFile({ format: 1, run, state, curve, replay, checkpoints: this.#taken })
    const replaySegments = [...new Set(replay.flatMap((record) => (record.type === 'accepted' && record.place !== undefined ? [record.place.segment] : [])))]
    const record: CheckpointRecord = {
      type: 'checkpoint', ...model, log, segment: store.rotate(), replaySegments, state: sha256(bytes),
      at: { version: state.version, examples: state.examples, accepted: state.accepted },
    }
    return { record, file: { hash: record.state!, bytes } }
  }

  async #writeUntilDone(file: string, bytes: Uint8Array): Promise<boolean> {
    while (!(await this.#write(file, bytes))) {
      if (this.#closing) return false
      await new Promise<void>((resolve) => {
        const cancelTimer = this.#parts.clock.after(RETRY_MS, resolve)
        this.#cancelRetry = () => {
          cancelTimer()
          resolve()
        }
      })
    }
    return true
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

  /** Removes what no kept checkpoint needs. */
  async prune(): Promise<void> {
    const kept = keep(this.#taken, this.#parts.retention)
    this.#taken = kept.checkpoints
    // What a disk refuses to remove is tried again after the next checkpoint.
    await this.#parts.store.prune(kept).catch(() => {})
  }

  /** A disk that refuses must not keep the process from ending. */
  close(): void {
    this.#closing = true
    this.#cancelRetry()
  }
}
