// A volunteer of the simulation: computes a stub gradient, and meets every misfortune that the seed chooses.
import { PROTOCOL_VERSION, type Lease, type ToVolunteer, type UpdateHeader } from '../../src/wire/messages.ts'
import { tensorWeight } from '../../src/wire/tensors.ts'
import type { RunHost } from '../run-host.ts'
import type { AcceptedRecord } from './records.ts'
import type { Simulation } from './simulation.ts'
import { sha256 } from '../sha256.ts'

/** Ways of being wrong, each with the code it is refused with. */
const WRONGS = ['non-finite', 'wrong-hash', 'wrong-size', 'too-large', 'wrong-tensors', 'wrong-codec', 'wrong-version', 'malformed'] as const

interface Update {
  readonly header: UpdateHeader
  readonly payload: Uint8Array
}

/** A volunteer gives up an unanswered hello after so long. */
const HELLO_MS = 1_000
const RENEW_MS = 3_000

export class StubVolunteer {
  readonly #simulation: Simulation
  readonly id: string
  readonly #speed: number
  /** Raised whenever the connection changes: what comes down an earlier one is lost. */
  #connection = 0
  /** Undefined while there is no connection. */
  #host: RunHost | undefined
  #held: Lease | undefined
  /** What it has sent, by lease: it may all come again. */
  readonly #sent = new Map<string, Update>()

  constructor(simulation: Simulation, id: string) {
    this.#simulation = simulation
    this.id = id
    this.#speed = 20 * 10 ** simulation.rng.uniform()
  }

  start(): void {
    this.#later(200, () => this.#connect())
  }

  lostConnection(): void {
    this.#connection++
    this.#host = undefined
    this.#later(300, () => this.#connect())
  }

  /** Both ends of the connection miss an answer; the coordinator hears of it at another moment, unless a new one comes first. */
  breakConnection(): void {
    const { life, seats } = this.#simulation, host = this.#host, connection = this.#connection
    this.#later(500, () => {
      if (life !== this.#simulation.life || seats.get(this.id) !== connection) return
      seats.delete(this.id)
      host?.leave(this.id)
    })
    if (host !== undefined) this.lostConnection()
  }

  #later(meanMs: number, run: () => void): void {
    this.#simulation.clock.after(this.#simulation.rng.uniform() * 2 * meanMs, run)
  }

  #chance(probability: number | undefined): boolean {
    return this.#simulation.faulty && this.#simulation.rng.uniform() < (probability ?? 0)
  }

  /** Sends something up. It arrives if that process still lives, however late, of an older connection too. */
  #up(act: (host: RunHost) => void, { orderly = false, meanMs }: { readonly orderly?: boolean; readonly meanMs?: number } = {}): void {
    const { network, life } = this.#simulation, host = this.#host, connection = this.#connection
    if (host === undefined) return
    network.carry({
      volunteerId: this.id, direction: 'up', orderly, ...(meanMs === undefined ? {} : { meanMs }),
      deliver: () => { if (life === this.#simulation.life) act(host) },
      onLost: () => { if (connection === this.#connection) this.breakConnection() },
    })
  }

  /** What the coordinator sends arrives if this is still the connection that it was sent on. */
  #down(connection: number, deliver: () => void, orderly = false): void {
    this.#simulation.network.carry({
      volunteerId: this.id, direction: 'down', orderly, deliver: () => { if (connection === this.#connection) deliver() },
      onLost: () => { if (connection === this.#connection) this.breakConnection() },
    })
  }

  #connect(): void {
    if (this.#host !== undefined) return
    const { host, seats } = this.#simulation
    if (host === undefined) return this.#later(500, () => this.#connect())
    const connection = ++this.#connection
    this.#host = host
    let welcomed = false
    this.#up(() => {
      // It may have given up on this one.
      if (connection !== this.#connection) return
      seats.set(this.id, connection)
      const holding = this.#held
      const welcome = host.join({
        type: 'hello', protocolVersion: PROTOCOL_VERSION, volunteerId: this.id, adapter: { runner: 'cpu', name: 'stub', software: true },
        ...(holding === undefined ? {} : { holding: fence(holding) }),
      }, (message) => this.#told(connection, message))
      if (welcome.type === 'refused') throw new Error(welcome.message)
      this.#down(connection, () => {
        welcomed = true
        this.#simulation.sawModel(welcome.modelVersion, welcome.modelHash)
        // A grant that overtook the welcome is being worked on already.
        if (this.#held === holding) {
          if (holding !== undefined && welcome.keepLease) this.#work(holding)
          else this.#held = undefined
        }
        this.#ready()
      }, true)
    }, { orderly: true })
    this.#simulation.clock.after(HELLO_MS, () => { if (connection === this.#connection && !welcomed) this.breakConnection() })
  }

  #ready(): void {
    if (this.#held === undefined) this.#up((host) => host.receive(this.id, { type: 'ready', runId: 'stub' }))
  }

  #told(connection: number, message: ToVolunteer): void {
    // Told is told, whether it arrives or not: an acknowledgement has left the coordinator.
    const { witness } = this.#simulation
    if (message.type === 'result' && message.accepted && this.#sent.has(message.leaseId)) witness.acknowledged.add(message.leaseId)
    if (message.type === 'result' && message.code !== undefined) this.#countRefusal(message.code)
    if (message.type === 'model') this.#simulation.sawModel(message.version, message.hash)
    this.#down(connection, () => this.#hear(message))
  }

  #hear(message: ToVolunteer): void {
    switch (message.type) {
      case 'grant':
        this.#held = message.lease
        this.#simulation.sawModel(message.lease.modelVersion, message.lease.modelHash)
        return this.#work(message.lease)
      case 'revoke': case 'result': return this.#drop(message.leaseId)
      case 'run-state': return this.#ready()
      case 'model': return
    }
  }

  /** Whatever ended this lease, if it is the one it holds it asks for another. */
  #drop(leaseId: string): void {
    if (this.#held?.leaseId !== leaseId) return
    this.#held = undefined
    this.#ready()
  }

  #work(lease: Lease): void {
    // Nobody works for ever: what was stuck, or whose end it never heard of, is given up.
    this.#simulation.clock.after(2 * lease.durationMs, () => this.#drop(lease.leaseId))
    // Now and then one is stuck, and its lease has to expire; or its person pauses it.
    if (this.#chance(0.02)) return
    if (this.#chance(0.02)) return this.#release(lease)
    void this.#compute(lease)
  }

  /** "I want no more" and "I want some" do depend on their order, which a socket keeps. */
  #release(lease: Lease): void {
    this.#held = undefined
    this.#up((host) => host.receive(this.id, { type: 'release', ...fence(lease), reason: 'paused' }), { orderly: true })
    this.#simulation.clock.after(500, () => this.#ready())
  }

  async #compute(lease: Lease): Promise<void> {
    const { clock, faulty } = this.#simulation
    const model = await this.#host?.file(lease.modelHash)
    if (model === undefined) {
      if (!faulty && this.#host !== undefined) throw new Error(`snapshot of version ${lease.modelVersion}: must be served while a lease needs it.`)
      return
    }
    const computeMs = (lease.numExamples / this.#speed) * 1000
    for (let ms = RENEW_MS; ms < computeMs; ms += RENEW_MS) clock.after(ms, () => { if (this.#held?.leaseId === lease.leaseId) this.#up((host) => host.receive(this.id, { type: 'renew', ...fence(lease) })) })
    clock.after(computeMs, () => { if (this.#held?.leaseId === lease.leaseId) this.#deliver(lease, model, computeMs) })
  }

  #deliver(lease: Lease, model: Uint8Array, computeMs: number): void {
    const { options, payloads, rng } = this.#simulation
    if (lease.kind === 'evaluate') {
      const { numExamples: examples } = lease
      const honest = !this.#chance(options.bad)
      const correct = honest ? Math.floor(examples / 2) : examples
      return this.#up((host) => host.receive(this.id, { type: 'evaluation', ...fence(lease), modelVersion: lease.modelVersion, metrics: { lossSum: honest ? examples / 2 : 0, correct, examples }, computeMs }))
    }
    const honest = stubUpdate(lease, model, { computeMs, tensors: this.#simulation.tensors })
    const update = this.#chance(options.bad) ? spoil(honest, WRONGS[rng.integer(WRONGS.length)]!) : honest
    const former = [...this.#sent.values()].at(-1)
    this.#sent.set(lease.leaseId, update)
    payloads.set(sha256(update.payload), update.payload)
    // As a page does that was away while it computed: what it has is sent again, whoever holds the work by now.
    if (former !== undefined && this.#chance(options.duplicates)) this.#send(former)
    this.#send(update)
    if (this.#chance(options.duplicates)) this.#later(2_000, () => this.#send(update))
  }

  #send({ header, payload }: Update): void {
    this.#up((host) => {
      const connection = this.#connection
      const refusal = host.announce(this.id, header)
      if (refusal !== undefined) this.#countRefusal(refusal.code)
      this.#down(connection, () => {
        if (refusal !== undefined) return this.#drop(header.leaseId)
        this.#up((to) => to.submit(this.id, header, payload.slice()), { meanMs: 30 })
      })
    })
  }

  #countRefusal(code: string): void {
    const { refusals } = this.#simulation.witness
    refusals.set(code, (refusals.get(code) ?? 0) + 1)
  }
}

const fence = ({ runId, leaseId, incarnation, grant }: Lease): Pick<Lease, 'runId' | 'leaseId' | 'incarnation' | 'grant'> => ({ runId, leaseId, incarnation, grant })

/** A gradient that depends on model and examples: any confusion of either changes the result. What corrections send up depends alike on what they sent down, which is as long. */
export function stubGradient({ epoch, slices }: Pick<AcceptedRecord, 'epoch' | 'slices'>, model: Uint8Array): Float32Array {
  const salt = slices.reduce((sum, { shard, start, count }) => sum + shard * 31 + start * 7 + count, epoch)
  return new Float32Array(model.slice().buffer).map((value, i) => value * 0.1 + Math.fround(Math.sin(salt + i) / 10))
}

export function stubUpdate(lease: Lease, model: Uint8Array, { computeMs, tensors }: { readonly computeMs: number; readonly tensors: Simulation['tensors'] }): Update {
  const payload = new Uint8Array(stubGradient(lease.work, model).buffer)
  return {
    payload,
    header: {
      type: 'update', protocolVersion: PROTOCOL_VERSION, ...fence(lease), modelVersion: lease.modelVersion, codec: 'f32', payloadBytes: payload.length,
      payloadHash: sha256(payload), numExamples: lease.numExamples, metrics: { lossSum: lease.numExamples, correct: 0, examples: lease.numExamples }, computeMs,
      tensors: tensors.map((tensor) => ({ ...tensor, weight: tensorWeight(tensor, lease.numExamples) })),
    },
  }
}

function spoil({ header, payload }: Update, how: (typeof WRONGS)[number]): Update {
  switch (how) {
    case 'non-finite': {
      const grads = new Float32Array(payload.slice().buffer)
      grads[3] = NaN
      const bytes = new Uint8Array(grads.buffer)
      return { header: { ...header, payloadHash: sha256(bytes) }, payload: bytes }
    }
    case 'wrong-hash': return { header: { ...header, payloadHash: '0'.repeat(64) }, payload }
    case 'wrong-size': return { header: { ...header, payloadBytes: header.payloadBytes - 4 }, payload: payload.slice(4) }
    case 'too-large': return { header: { ...header, payloadBytes: header.payloadBytes + 4 }, payload }
    case 'wrong-tensors': return { header: { ...header, tensors: header.tensors.slice(1) }, payload }
    case 'wrong-codec': return { header: { ...header, codec: 'f16' }, payload }
    case 'wrong-version': return { header: { ...header, modelVersion: header.modelVersion + 1 }, payload }
    case 'malformed': return { header: { ...header, numExamples: header.numExamples + 1 }, payload }
  }
}
