// For tests: the state machine alone, with a disk, arithmetic and time that answer when told to.
import { createRng } from '../../src/base/rng.ts'
import { PROTOCOL_VERSION, type FromVolunteer, type Lease, type RefusalCode, type ToVolunteer, type UpdateHeader } from '../../src/wire/messages.ts'
import type { Effect, Event } from './effects.ts'
import type { LogRecord } from './records.ts'
import { replayRecord } from './replay.ts'
import { initialState, type CoordinatorState, type Settings } from './state.ts'
import { step } from './step.ts'

const ADAPTER = { runner: 'cpu' as const, name: 'test', software: true }
export const HASH = 'a'.repeat(64)

export function settings(extra: Partial<Settings> = {}): Settings {
  return {
    runId: 'run', seed: 1, batchSize: 4, epochs: 2, codec: 'f32', dataHash: 'data', payloadBytes: 32, modelBytes: 32,
    schedule: { type: 'synchronous', examplesPerRound: 16, deadlineMs: 1000, quorum: 0.5 }, local: { type: 'gradient' }, minUpdates: 1, seesEach: false,
    tensors: [{ name: 'w', role: 'param', size: 8 }], shards: { train: [20, 20], test: [10] },
    evaluation: { everyExamples: 1_000_000, recheckFraction: 0 }, ...extra,
  }
}
export const ASYNCHRONOUS = { type: 'asynchronous', examplesPerLease: 4, maxStaleness: 1, stalenessExponent: 0.5 } as const

export class Driver {
  state: CoordinatorState
  now = 0
  readonly log: LogRecord[] = []
  readonly sent: { readonly volunteerId: string; readonly message: ToVolunteer }[] = []
  waiting: Exclude<Effect, { type: 'send' | 'answer' }>[] = []
  readonly #rng = createRng(1)

  /** `earlier` is what the log holds already, after the beginning of the run. */
  constructor(extra: Partial<Settings> = {}, earlier: readonly LogRecord[] = [{ type: 'incarnation', incarnation: 1 }]) {
    this.state = initialState(settings(extra))
    replayRecord(this.state, { type: 'run', formatVersion: 2, runId: 'run', config: {} as never, trainShards: [20, 20], dataHash: 'data' })
    replayRecord(this.state, { type: 'checkpoint', version: 0, modelHash: HASH, file: HASH, bytes: 0, log: 1, segment: 1, replaySegments: [], at: { version: 0, examples: 0, accepted: 0 } })
    for (const record of earlier) replayRecord(this.state, record)
    this.event({ type: 'opened' })
  }

  event(event: Event): Extract<Effect, { type: 'answer' }> | undefined {
    const { state, effects } = step(this.state, event, this.now, this.#rng)
    this.state = state
    let answer: Extract<Effect, { type: 'answer' }> | undefined
    for (const effect of effects) {
      if (effect.type === 'answer') answer = effect
      else if (effect.type === 'send') this.sent.push({ volunteerId: effect.volunteerId, message: effect.message })
      else this.waiting.push(effect)
    }
    return answer
  }

  /** Answers everything that waits for disk or arithmetic. */
  settle(): void {
    for (let effect = this.waiting.shift(); effect !== undefined; effect = this.waiting.shift()) {
      if (effect.type === 'check') this.event({ type: 'checked', leaseId: effect.leaseId, verdict: { ok: true, clampedElements: 0 } })
      if (effect.type === 'persist') {
        this.log.push(effect.record)
        this.event({ type: 'persisted', record: effect.record })
      }
      if (effect.type === 'apply') this.event({ type: 'applied', version: effect.version, hash: String(effect.version).padStart(64, '0'), leases: effect.leases, totalWeight: 0 })
    }
  }

  at(ms: number): this {
    this.now = ms
    this.event({ type: 'tick' })
    return this
  }

  join(volunteerId: string, holding?: Lease): boolean {
    const answer = this.event({
      type: 'join',
      hello: {
        type: 'hello', protocolVersion: PROTOCOL_VERSION, volunteerId, adapter: ADAPTER,
        ...(holding !== undefined ? { holding: fence(holding) } : {}),
      },
    })
    if (holding === undefined) this.message(volunteerId, { type: 'ready', runId: 'run' })
    return answer?.keepLease === true
  }

  message(volunteerId: string, message: FromVolunteer): void {
    this.event({ type: 'message', volunteerId, message })
  }

  grants(volunteerId?: string): Lease[] {
    return this.sent.flatMap(({ volunteerId: to, message }) => (message.type === 'grant' && (volunteerId === undefined || to === volunteerId) ? [message.lease] : []))
  }

  lastGrant(volunteerId: string): Lease {
    const lease = this.grants(volunteerId).at(-1)
    if (lease === undefined) throw new Error(`${volunteerId} has no grant`)
    return lease
  }

  results(): { code: RefusalCode | undefined; accepted: boolean; leaseId: string }[] {
    return this.sent.flatMap(({ message }) => (message.type === 'result' ? [{ code: message.code, accepted: message.accepted, leaseId: message.leaseId }] : []))
  }

  announce(volunteerId: string, header: UpdateHeader): RefusalCode | undefined {
    return this.event({ type: 'announce', volunteerId, header })?.refused?.code
  }

  /** All carry out what they are granted, each in so many milliseconds a batch. */
  workUntil(ms: number, tookMs: Readonly<Record<string, number>>): void {
    while (this.now < ms) {
      const next = Object.entries(tookMs).flatMap(([id, batchMs]) => {
        const lease = this.state.leases[this.state.volunteers[id]!.leaseId ?? '']
        return lease === undefined ? [] : [{ ...lease, computeMs: (lease.numExamples / this.state.settings.batchSize) * batchMs, id }]
      }).sort((a, b) => a.grantedMs + a.computeMs - b.grantedMs - b.computeMs)[0]
      if (next === undefined) throw new Error('nobody has a lease')
      const { id, kind, computeMs, numExamples } = next
      this.now = next.grantedMs + computeMs
      const lease = this.lastGrant(id)
      if (kind === 'evaluate') {
        this.message(id, { type: 'evaluation', ...fence(lease), modelVersion: lease.modelVersion, metrics: { lossSum: 1, correct: 0, examples: numExamples }, computeMs })
      } else {
        const header = headerOf(lease, { computeMs })
        this.announce(id, header)
        this.event({ type: 'submit', volunteerId: id, header, bytes: 32 })
      }
      this.settle()
    }
  }

  /** The whole way of a good update, but for what waits. */
  deliver(volunteerId: string, lease = this.lastGrant(volunteerId)): RefusalCode | undefined {
    const header = headerOf(lease)
    const refused = this.announce(volunteerId, header)
    if (refused === undefined) this.event({ type: 'submit', volunteerId, header, bytes: header.payloadBytes })
    return refused
  }
}

export const fence = ({ runId, leaseId, incarnation, grant }: Lease): Pick<Lease, 'runId' | 'leaseId' | 'incarnation' | 'grant'> => ({ runId, leaseId, incarnation, grant })

export function headerOf(lease: Lease, extra: Partial<UpdateHeader> = {}): UpdateHeader {
  return {
    type: 'update', protocolVersion: PROTOCOL_VERSION, ...fence(lease), modelVersion: lease.modelVersion, codec: 'f32', payloadBytes: 32, payloadHash: HASH,
    numExamples: lease.numExamples, metrics: { lossSum: 1, correct: 0, examples: lease.numExamples }, computeMs: 100,
    tensors: [{ name: 'w', role: 'param', size: 8, weight: lease.numExamples }], ...extra,
  }
}
