// One run, alive: feeds the pure state machine with what happens, carries out its effects on disk, threads and sockets,
// and feeds their results back. All decisions are in step.ts; here is only plumbing.
import type { Clock } from '../../src/base/clock.ts'
import { InvariantError, present } from '../../src/base/errors.ts'
import type { Rng } from '../../src/base/rng.ts'
import type { ShardedDataset } from '../../src/data/shards.ts'
import type { Layout } from '../../src/model/layout.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import type { CurvePoint, DashboardEvent, PartitionPicture, RunStatus } from '../../src/wire/dashboard.ts'
import { PROTOCOL_VERSION, type FromVolunteer, type Hello, type Refused, type Slice, type ToVolunteer, type UpdateHeader } from '../../src/wire/messages.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { Welcome } from '../../src/wire/welcome.ts'
import type { EvaluationPiece, Evaluator, Numeric } from '../numeric/numeric.ts'
import type { Reception, RunHost } from '../run-host.ts'
import type { Store } from '../store/store.ts'
import { Checkpoints } from './checkpoints.ts'
import { runState } from './control.ts'
import type { CurveBuilder } from './curve.ts'
import { toDurable } from './durable-state.ts'
import type { Effect, Event } from './effects.ts'
import { picturePartition } from './picture-partition.ts'
import { Receptions } from './receptions.ts'
import type { LogRecord } from './records.ts'
import type { Recovered } from './recover.ts'
import type { Retention } from './retention.ts'
import { Snapshots } from './snapshots.ts'
import type { CoordinatorState } from './state.ts'
import { abridged, buildStatus } from './status.ts'
import { inPlace, step } from './step.ts'

const TICK_MS = 200
const STATUS_MS = 250

export interface RunModel {
  readonly spec: ModelSpec
  readonly layout: Layout
}

export interface HostParts {
  readonly config: RunConfig
  readonly model: RunModel
  readonly dataset: ShardedDataset
  readonly clock: Clock
  readonly rng: Rng
  readonly store: Store
  readonly numeric: Numeric
  readonly evaluator: Evaluator
  readonly retention: Retention
  /** What the log so far says, the model included. */
  readonly recovered: Recovered
}

export class Host implements RunHost {
  readonly #parts: HostParts
  readonly partition: PartitionPicture | undefined
  readonly #curve: CurveBuilder
  readonly #checkpoints: Checkpoints
  readonly #snapshots = new Snapshots()
  #state: CoordinatorState
  #links = new Map<string, (message: ToVolunteer) => void>()
  readonly #receptions: Receptions
  /** Submitted and not yet on disk, by lease. */
  #payloads = new Map<string, Uint8Array>()
  #listeners = new Set<(event: DashboardEvent) => void>()
  #controlWaiters: (() => void)[] = []
  #faults: { log: string | undefined; files: string | undefined } = { log: undefined, files: undefined }
  #bytesDown = 0
  #stepping = false
  #closing = false
  #statusDue = false
  #cancelTick: () => void = () => {}
  #checkpointing: Promise<void> = Promise.resolve()
  #pruning: Promise<void> = Promise.resolve()

  constructor(parts: HostParts) {
    this.#parts = parts
    this.partition = picturePartition(parts.dataset)
    const { clock, store, numeric, retention, recovered: { fold, run, snapshot } } = parts
    this.#state = fold.state
    this.#curve = fold.curve
    this.#checkpoints = new Checkpoints({
      clock, store, numeric, retention, ledger: fold.ledger,
      known: () => ({ run, state: toDurable(this.#state), curve: this.#curve.state }),
      onFault: (fault) => this.diskFault('files', fault),
    }, fold.checkpoints)
    this.#snapshots.add(snapshot.hash, snapshot.bytes)
    this.#receptions = new Receptions(numeric)
  }

  /** Begins to act. Apart from the constructor, so that the store's first fault finds a host. */
  start(): void {
    this.#dispatch({ type: 'opened' })
    const tick = (): void => {
      this.#cancelTick = this.#parts.clock.after(TICK_MS, tick)
      this.#dispatch({ type: 'tick' })
      this.#receptions.closeAllBut((leaseId) => this.#state.leases[leaseId]?.stage === 'receiving')
    }
    this.#cancelTick = this.#parts.clock.after(TICK_MS, tick)
  }

  get runId(): string { return this.#state.settings.runId }
  get config(): RunConfig { return this.#parts.config }
  get model(): ModelSpec { return this.#parts.model.spec }
  get dataset(): ShardedDataset['manifest'] { return this.#parts.dataset.manifest }
  get maxPayloadBytes(): number { return this.#state.settings.payloadBytes }

  // ---- what volunteers do -----------------------------------------------------------------------

  join(hello: Hello, send: (message: ToVolunteer) => void): Welcome | Refused {
    if (hello.runId !== undefined && hello.runId !== this.runId) return refused('unknown-run', `There is no run ${hello.runId} here. Reload the page to join the current one.`)
    // The one id that is no plain key of an object.
    if (hello.volunteerId === '__proto__') return refused('malformed', 'volunteerId: must not be "__proto__". Choose another.')
    if (this.#closing) return refused('not-running', 'The coordinator is shutting down. Try again soon.')
    this.#links.set(hello.volunteerId, send)
    const answer = this.#dispatch({ type: 'join', hello })
    const { state } = this.#view()
    return {
      type: 'welcome', protocolVersion: PROTOCOL_VERSION, runId: this.runId, incarnation: this.#state.incarnation, config: this.config,
      model: this.model, dataset: this.dataset, state, modelVersion: this.#state.version, modelHash: this.#state.modelHash,
      keepLease: answer?.keepLease === true,
    }
  }

  leave(volunteerId: string): void {
    this.#links.delete(volunteerId)
    this.#dispatch({ type: 'leave', volunteerId })
  }

  receive(volunteerId: string, message: FromVolunteer): void {
    this.#dispatch({ type: 'message', volunteerId, message })
  }

  announce(volunteerId: string, header: UpdateHeader): Refused | undefined {
    if (this.#closing) return refused('not-running', 'The coordinator is shutting down. Try again soon.')
    return this.#dispatch({ type: 'announce', volunteerId, header })?.refused
  }

  receivePayload(header: UpdateHeader): Promise<Reception | undefined> {
    return this.#receptions.open(header.leaseId, header.payloadBytes)
  }

  submit(volunteerId: string, header: UpdateHeader, payload: Uint8Array): void {
    if (this.#closing) return
    this.#dispatch({ type: 'submit', volunteerId, header, bytes: payload.byteLength }, payload)
    this.#receptions.submitted(header.leaseId, this.#payloads.get(header.leaseId) === payload)
  }

  malformed(volunteerId: string | undefined, _why: string): void {
    this.#dispatch({ type: 'malformed', volunteerId })
  }

  // ---- what is served and shown -----------------------------------------------------------------

  async file(hash: string): Promise<Uint8Array | undefined> {
    return this.#snapshots.get(hash) ?? this.#parts.dataset.file(hash)
  }

  countBytesDown(bytes: number): void {
    this.#bytesDown += bytes
  }

  status(): RunStatus {
    const { config, model, clock } = this.#parts
    return buildStatus(this.#state, { config, modelName: model.spec.name, params: model.layout.packedSize, bytesDown: this.#bytesDown, now: clock.now() })
  }

  curve(): readonly CurvePoint[] {
    return this.#curve.points
  }

  subscribe(listener: (event: DashboardEvent) => void): () => void {
    this.#listeners.add(listener)
    listener({ type: 'status', status: abridged(this.status()) })
    listener({ type: 'curve', points: this.curve(), reset: true })
    return () => void this.#listeners.delete(listener)
  }

  async control(action: 'pause' | 'resume' | 'stop'): Promise<void> {
    if (action === 'resume') this.#parts.store.retry()
    const durable = new Promise<void>((resolve) => this.#controlWaiters.push(resolve))
    this.#dispatch({ type: 'control', action })
    // It has taken effect. While the disk refuses, nobody should wait for its record.
    if (this.#state.fault === undefined) await durable
  }

  async currentModel(): Promise<{ readonly version: number; readonly layout: Layout; readonly params: Float32Array }> {
    const { layout } = this.#parts.model
    const bytes = present(this.#snapshots.get(this.#state.modelHash), 'snapshot of the current version')
    return { version: this.#state.version, layout, params: new Float32Array(bytes.slice(0, layout.packedSize * 4).buffer) }
  }

  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    this.#cancelTick()
    this.#links.clear()
    this.#receptions.closeAllBut(() => false)
    this.#checkpoints.close()
    await this.#checkpointing
    await this.#parts.store.settled()
    // A checkpoint makes the next start quick. Updates that were on their way may still make versions meanwhile.
    while (this.#faults.log === undefined && !this.#checkpoints.failing && this.#state.sinceCheckpoint.versions > 0) {
      await this.#checkpoint()
      await this.#parts.store.settled()
    }
    await this.#pruning
    await this.#parts.store.close()
    await this.#parts.numeric.close()
    await this.#parts.evaluator.close()
  }

  /** The store's word on the disk. */
  diskFault(place: 'log' | 'files', fault: string | undefined): void {
    this.#faults[place] = fault
    this.#dispatch({ type: 'disk', fault: this.#faults.log ?? this.#faults.files })
  }

  // ---- the machine ------------------------------------------------------------------------------

  #view(): { readonly state: ReturnType<typeof runState> } {
    return { state: runState(this.#state) }
  }

  /** One step and its effects. Returns the answer, where the event asks for one. */
  #dispatch(event: Event, payload?: Uint8Array): Extract<Effect, { type: 'answer' }> | undefined {
    if (this.#stepping) throw new InvariantError(`event ${event.type}: must come from outside of an effect. Defer it.`)
    this.#stepping = true
    const { state, effects } = step(this.#state, event, this.#parts.clock.now(), this.#parts.rng, inPlace)
    this.#state = state
    let answer: Extract<Effect, { type: 'answer' }> | undefined
    for (const effect of effects) {
      if (effect.type === 'answer') answer = effect
      else this.#perform(effect, payload)
    }
    this.#stepping = false
    this.#announceStatus()
    return answer
  }

  #perform(effect: Exclude<Effect, { type: 'answer' }>, payload: Uint8Array | undefined): void {
    const { numeric } = this.#parts
    if (this.#closing && (effect.type === 'recheck' || effect.type === 'evaluate' || effect.type === 'checkpoint')) return
    switch (effect.type) {
      case 'send':
        this.#links.get(effect.volunteerId)?.(effect.message)
        return
      case 'check':
        this.#payloads.set(effect.leaseId, present(payload, 'submitted payload'))
        void this.#check(effect.leaseId, effect.payloadHash, payload!)
        return
      case 'discard':
        this.#payloads.delete(effect.leaseId)
        return numeric.discard(effect.leaseId)
      case 'persist': return this.#persist(effect.record)
      case 'accumulate': return numeric.accumulate(effect.leaseId, effect.addend)
      case 'apply':
        void this.#apply(effect.version, effect.leases, effect.scaleUnits)
        return
      case 'checkpoint':
        this.#checkpointing = this.#checkpoint()
        return
      case 'recheck':
        void this.#evaluate(effect.modelHash, effect.slices).then((truth) => this.#dispatch({ type: 'rechecked', leaseId: effect.leaseId, truth }))
        return
      case 'evaluate':
        void this.#evaluate(effect.modelHash, effect.slices).then((truth) => this.#dispatch({ type: 'evaluated', evaluation: effect.evaluation, slices: effect.slices, truth }))
        return
    }
  }

  async #check(leaseId: string, payloadHash: string, payload: Uint8Array): Promise<void> {
    const verdict = await this.#parts.numeric.check(leaseId, payloadHash, payload)
    this.#dispatch({ type: 'checked', leaseId, verdict })
  }

  #persist(record: LogRecord): void {
    const payload = record.type === 'accepted' ? present(this.#payloads.get(record.leaseId), `payload of lease ${record.leaseId}`) : undefined
    this.#parts.store.commit(record, payload, (durable) => {
      if (record.type === 'accepted') this.#payloads.delete(record.leaseId)
      this.#persisted(durable as LogRecord)
      if (record.type === 'version') this.#snapshots.prune(this.#state)
      if (record.type === 'control') for (const resolve of this.#controlWaiters.splice(0)) resolve()
    })
  }

  /** A record is on disk: all that is rebuilt from the log follows it. */
  #persisted(record: LogRecord): void {
    this.#checkpoints.add(record)
    this.#dispatch({ type: 'persisted', record })
    const point = this.#curve.add(record)
    if (point !== undefined) for (const listener of this.#listeners) listener({ type: 'curve', points: [point], reset: false })
  }

  async #apply(version: number, leases: readonly string[], scaleUnits: number): Promise<void> {
    const { hash, bytes, totalWeight } = await this.#parts.numeric.apply(version, scaleUnits)
    this.#snapshots.add(hash, bytes)
    this.#dispatch({ type: 'applied', version, hash, leases, totalWeight })
  }

  async #checkpoint(): Promise<void> {
    await this.#checkpoints.take((record) => {
      this.#persisted(record)
      this.#pruning = this.#checkpoints.prune()
    })
  }

  async #evaluate(modelHash: string, slices: readonly Slice[]): Promise<{ readonly lossSum: number; readonly correct: number }> {
    const { dataset, evaluator } = this.#parts
    const params = present(this.#snapshots.get(modelHash), `snapshot ${modelHash}`)
    const pieces = slices.map(({ shard, start, count }): EvaluationPiece => {
      const { hash, examples } = present(dataset.manifest.test.shards[shard], `test shard ${shard}`)
      return { shard: present(dataset.file(hash), `file ${hash}`), examples, start, count }
    })
    return evaluator.evaluate(params, pieces)
  }

  #announceStatus(): void {
    if (this.#statusDue || this.#listeners.size === 0 || this.#closing) return
    this.#statusDue = true
    this.#parts.clock.after(STATUS_MS, () => {
      this.#statusDue = false
      const event: DashboardEvent = { type: 'status', status: abridged(this.status()) }
      for (const listener of this.#listeners) listener(event)
    })
  }
}

const refused = (code: Refused['code'], message: string): Refused => ({ type: 'refused', code, message })
