// The model as a log left it: a checkpoint's params, and every update and version after them through the arithmetic again.
// Steps gather into batches, and the payloads of one batch are read while another is computed.
import { invariant, present } from '../../src/base/errors.ts'
import { inRounds, type Schedule } from '../../src/fed/strategy.ts'
import type { Numeric, NumericSetup, Snapshot } from '../numeric/numeric.ts'
import type { Disk } from '../store/disk.ts'
import { readSegment, type Place } from '../store/files.ts'
import { DamageError, readLog } from '../store/log.ts'
import type { Verdict } from './effects.ts'
import { orderOf } from './leases.ts'
import type { AcceptedRecord, LogRecord, VersionRecord } from './records.ts'
import type { Start } from './start.ts'

/** A batch is read when it has so many bytes of payload, or updates. */
const BATCH_BYTES = 8 * 2 ** 20
const BATCH_UPDATES = 2048
/** Batches that are read or computed at a time. */
const BATCHES = 3

/** What is done in the order of the log. */
type Step =
  | { readonly type: 'check'; readonly update: AcceptedRecord; readonly piece: number; readonly offset: number }
  | { readonly type: 'accumulate'; readonly update: AcceptedRecord }
  | { readonly type: 'apply'; readonly version: VersionRecord; readonly scaleUnits: number }

interface Piece extends Place {
  bytes: number
}

interface Batch {
  readonly steps: Step[]
  readonly pieces: Piece[]
  bytes: number
}

export interface ModelReplayOptions {
  readonly disk: Disk
  readonly numeric: Numeric
  readonly setup: NumericSetup
  readonly schedule: Schedule
}

export class ModelReplay {
  readonly #options: ModelReplayOptions
  /** Accepted, in no version yet: read when that is made, so that however many there are, few are held. */
  readonly #waiting = new Map<string, AcceptedRecord>()
  #batch: Batch = { steps: [], pieces: [], bytes: 0 }
  #running: Promise<void>[] = []
  /** When the payloads of the last batch were given to be checked, and when its last step was done. */
  #checking: Promise<unknown> = Promise.resolve()
  #done: Promise<unknown> = Promise.resolve()
  #snapshot: Snapshot

  private constructor(options: ModelReplayOptions, snapshot: Snapshot) {
    this.#options = options
    this.#snapshot = snapshot
  }

  /** Opens `numeric` with the checkpoint, and does what the log had beyond its params by then. */
  static async open(options: ModelReplayOptions, start: Pick<Start, 'log' | 'checkpoint' | 'model' | 'known'>): Promise<ModelReplay> {
    const { disk, numeric, schedule } = options
    // Those that no version is made of are all taken in before the run goes on.
    const held = inRounds(schedule) ? 0 : await waitingUpdates(disk, start)
    const snapshot = await numeric.open({ ...options.setup, held: Math.max(options.setup.held, held) }, { checkpoint: start.model })
    const { version, modelHash } = start.checkpoint
    invariant(snapshot.hash === modelHash, `checkpoint of version ${version}: must have params ${modelHash}, got ${snapshot.hash}.`)
    const replay = new ModelReplay(options, snapshot)
    await replay.take(start.known?.replay ?? [])
    return replay
  }

  /** Records of the log in order, from the checkpoint's on. Resolves when there is room for more. */
  async take(records: readonly LogRecord[]): Promise<void> {
    for (const record of records) {
      if (record.type === 'accepted') this.#accept(record)
      if (record.type === 'version') this.#apply(record)
      if (this.#batch.bytes >= BATCH_BYTES || this.#batch.steps.length >= BATCH_UPDATES) await this.#send()
    }
  }

  /** The model as the log left it, its open round taken in. Throws DamageError where a payload is not what was accepted. */
  async finish(): Promise<Snapshot> {
    for (const update of this.#waiting.values()) this.#check(update)
    await this.#send()
    await Promise.all(this.#running)
    return this.#snapshot
  }

  #accept(update: AcceptedRecord): void {
    // Sums do not mind the order, and need no memory for updates that wait.
    if (!inRounds(this.#options.schedule)) return void this.#waiting.set(update.leaseId, update)
    this.#check(update)
    this.#batch.steps.push({ type: 'accumulate', update })
  }

  #check(update: AcceptedRecord): void {
    const place = present(update.place, `place of the payload of lease ${update.leaseId}`)
    this.#batch.steps.push({ type: 'check', update, ...this.#piece(place, update.payloadBytes) })
    this.#batch.bytes += update.payloadBytes
  }

  /** Payloads that lie side by side are read at once. */
  #piece({ segment, offset }: Place, bytes: number): { readonly piece: number; readonly offset: number } {
    const { pieces } = this.#batch
    const last = pieces.at(-1)
    if (last === undefined || last.segment !== segment || last.offset + last.bytes !== offset) return { piece: pieces.push({ segment, offset, bytes }) - 1, offset: 0 }
    last.bytes += bytes
    return { piece: pieces.length - 1, offset: last.bytes - bytes }
  }

  #apply(version: VersionRecord): void {
    const { schedule } = this.#options
    let scaleUnits = 1024
    if (!inRounds(schedule)) {
      for (const lease of version.leases) {
        const update = present(this.#waiting.get(lease), `accepted update of lease ${lease}`)
        this.#waiting.delete(lease)
        this.#check(update)
        this.#batch.steps.push({ type: 'accumulate', update })
        if (schedule.type === 'asynchronous') scaleUnits = update.weight
      }
    }
    this.#batch.steps.push({ type: 'apply', version, scaleUnits })
  }

  async #send(): Promise<void> {
    const { disk } = this.#options
    const { steps, pieces } = this.#batch
    this.#batch = { steps: [], pieces: [], bytes: 0 }
    const reading = Promise.all(pieces.map(({ bytes, ...place }) => readSegment(disk, place, bytes)))
    // Payloads are checked while earlier batches are added, each in the order of the log.
    const checking = Promise.all([reading, this.#checking]).then(([read]) => this.#checkAll(steps, read))
    const before = this.#done
    const done = checking.then(async (verdicts) => {
      await before
      await this.#follow(steps, verdicts)
    })
    this.#checking = checking
    this.#done = done
    // Whoever awaits them hears of it.
    for (const each of [reading, checking, done]) each.catch(() => {})
    this.#running.push(done)
    if (this.#running.length >= BATCHES) await this.#running.shift()
  }

  #checkAll(steps: readonly Step[], pieces: readonly Uint8Array[]): ReadonlyMap<string, Promise<Verdict>> {
    const { numeric } = this.#options
    return new Map(steps.flatMap((step) => {
      if (step.type !== 'check') return []
      const { leaseId, payloadHash, payloadBytes } = step.update
      const verdict = numeric.check(leaseId, payloadHash, pieces[step.piece]!.subarray(step.offset, step.offset + payloadBytes))
      verdict.catch(() => {})
      return [[leaseId, verdict] as const]
    }))
  }

  async #follow(steps: readonly Step[], verdicts: ReadonlyMap<string, Promise<Verdict>>): Promise<void> {
    const { numeric } = this.#options
    let applied: Promise<void> | undefined
    for (const step of steps) {
      if (step.type === 'check') {
        const verdict = (await verdicts.get(step.update.leaseId))!
        if (!verdict.ok) throw new DamageError(`payload of lease ${step.update.leaseId}: must be as it was accepted, got: ${verdict.message}`)
      }
      if (step.type === 'accumulate') {
        const { leaseId, weight, numExamples, modelVersion } = step.update
        numeric.accumulate(leaseId, { weight, numExamples, modelVersion, order: orderOf(leaseId) })
      }
      // Its result is awaited only when the next one has been asked for.
      if (step.type === 'apply') {
        const made = this.#make(step.version, step.scaleUnits)
        made.catch(() => {})
        await applied
        applied = made
      }
    }
    await applied
  }

  async #make({ version, hash, totalWeight }: VersionRecord, scaleUnits: number): Promise<void> {
    const made = await this.#options.numeric.apply(version, scaleUnits)
    invariant(made.hash === hash && made.totalWeight === totalWeight, `version ${version}: must replay to ${hash}, got ${made.hash}.`)
    this.#snapshot = { version, hash, bytes: made.bytes }
  }
}

/** Accepted updates that no version is made of. */
async function waitingUpdates(disk: Disk, { log, known }: Pick<Start, 'log' | 'known'>): Promise<number> {
  let waiting = 0
  const count = (records: readonly LogRecord[]): void => {
    for (const record of records) waiting += record.type === 'accepted' ? 1 : record.type === 'version' ? -record.leases.length : 0
  }
  count(known?.replay ?? [])
  await readLog(disk, log, (records) => count(records as readonly LogRecord[]))
  return waiting
}
