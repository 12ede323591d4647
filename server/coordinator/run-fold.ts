// All that is rebuilt from a log: the coordinator's state, the curves, and what the next checkpoints must know.
import { CurveBuilder } from './curve.ts'
import { fromDurable } from './durable-state.ts'
import type { CheckpointRecord, LogRecord, RunRecord } from './records.ts'
import { ReplayLedger } from './replay-ledger.ts'
import { replayRecord } from './replay.ts'
import type { Start } from './start.ts'
import { examplesPerEpoch, initialState, type CoordinatorState, type Settings } from './state.ts'

export class RunFold {
  readonly state: CoordinatorState
  readonly curve: CurveBuilder
  readonly ledger = new ReplayLedger()
  /** Those that are whole, oldest first. */
  readonly checkpoints: CheckpointRecord[]
  readonly #damaged: ReadonlySet<number>
  run: RunRecord | undefined

  /** Begins with what a checkpoint knew, where there is one. */
  constructor(settings: Settings, start: Start | undefined) {
    const known = start?.known
    this.state = known === undefined ? initialState(settings) : fromDurable(settings, known.state)
    this.curve = new CurveBuilder(examplesPerEpoch(settings), known?.curve)
    this.checkpoints = [...known?.checkpoints ?? []]
    this.#damaged = new Set(start?.damaged.map(({ log }) => log))
    this.run = start?.run
    for (const record of known?.replay ?? []) this.ledger.add(record)
  }

  /** Records in the order of the log. */
  take(records: readonly LogRecord[]): void {
    for (const record of records) this.add(record)
  }

  add(record: LogRecord): void {
    replayRecord(this.state, record)
    this.curve.add(record)
    this.ledger.add(record)
    if (record.type === 'run') this.run = record
    if (record.type === 'checkpoint' && !this.#damaged.has(record.log)) this.checkpoints.push(record)
  }
}
