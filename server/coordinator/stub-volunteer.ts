// A volunteer of the simulation: computes a stub gradient, and meets every misfortune that the seed chooses.
import { PROTOCOL_VERSION, type Lease, type ToVolunteer, type UpdateHeader } from '../../src/wire/messages.ts'
import type { RunHost } from '../run-host.ts'
import { STUB_LAYOUT, type Simulation } from './simulation.ts'
import { sha256 } from '../sha256.ts'

/** Ways of being wrong, each with the code it is refused with. */
const WRONGS = ['non-finite', 'wrong-hash', 'wrong-size', 'too-large', 'wrong-tensors', 'wrong-codec', 'wrong-version', 'malformed'] as const

interface Held {
  readonly lease: Lease
  readonly connection: number
}

export class StubVolunteer {
  readonly #simulation: Simulation
  readonly id: string
  readonly #speed: number
  /** Raised whenever the connection changes: what belongs to an earlier one is lost. */
  #connection = 0
  #host: RunHost | undefined
  #held: Held | undefined
  #lastUpdate: { readonly header: UpdateHeader; readonly payload: Uint8Array } | undefined

  constructor(simulation: Simulation, id: string) {
    this.#simulation = simulation
    this.id = id
    this.#speed = 5 * 10 ** simulation.rng.uniform()
  }

  start(): void {
    this.#later(200, () => this.#connect())
  }

  lostConnection(): void {
    this.#connection++
    this.#host = undefined
    this.#later(300, () => this.#connect())
  }

  #later(meanMs: number, run: () => void): void {
    this.#simulation.clock.after(this.#simulation.rng.uniform() * 2 * meanMs, run)
  }

  #chance(probability: number | undefined): boolean {
    return this.#simulation.faulty && this.#simulation.rng.uniform() < (probability ?? 0)
  }

  #connect(): void {
    const { host } = this.#simulation
    if (this.#host !== undefined) return
    if (host === undefined) return this.#later(500, () => this.#connect())
    const connection = ++this.#connection
    this.#host = host
    const holding = this.#held?.lease
    const welcome = host.join({
      type: 'hello', protocolVersion: PROTOCOL_VERSION, volunteerId: this.id, adapter: { runner: 'cpu', name: 'stub', software: true },
      ...(holding !== undefined ? { holding: { runId: holding.runId, leaseId: holding.leaseId, incarnation: holding.incarnation, grant: holding.grant } } : {}),
    }, (message) => this.#downlink(connection, message))
    if (welcome.type === 'refused') throw new Error(welcome.message)
    this.#simulation.sawModel(welcome.modelVersion, welcome.modelHash)
    if (!welcome.keepLease) this.#held = undefined
    else this.#work(this.#held!.lease)
    this.#later(20, () => { if (connection === this.#connection) this.#ready() })
  }

  /** Breaks the connection; the coordinator hears of it a little later, or only by a new one. */
  #disconnect(): void {
    const host = this.#host
    this.#connection++
    this.#host = undefined
    const life = this.#simulation.life, connection = this.#connection
    this.#later(100, () => { if (life === this.#simulation.life && connection === this.#connection && this.#host === undefined) host?.leave(this.id) })
    this.#later(1500, () => this.#connect())
  }

  #ready(): void {
    if (this.#held === undefined) this.#host?.receive(this.id, { type: 'ready', runId: 'stub' })
  }

  #downlink(connection: number, message: ToVolunteer): void {
    // Told is told, whether it arrives or not: an acknowledgement has left the coordinator.
    const { witness } = this.#simulation
    if (message.type === 'result' && message.accepted && this.#lastUpdate?.header.leaseId === message.leaseId) witness.acknowledged.add(message.leaseId)
    if (message.type === 'result' && message.code !== undefined) this.#countRefusal(message.code)
    if (message.type === 'model') this.#simulation.sawModel(message.version, message.hash)
    if (this.#chance(this.#simulation.options.loss)) return this.#disconnect()
    this.#later(20, () => { if (connection === this.#connection) this.#hear(message) })
  }

  #hear(message: ToVolunteer): void {
    switch (message.type) {
      case 'grant':
        this.#held = { lease: message.lease, connection: this.#connection }
        this.#simulation.sawModel(message.lease.modelVersion, message.lease.modelHash)
        return this.#work(message.lease)
      case 'revoke': case 'result':
        if (this.#held?.lease.leaseId !== message.leaseId) return
        this.#held = undefined
        return this.#ready()
      case 'run-state':
        return this.#ready()
      case 'model':
        return
    }
  }

  #work(lease: Lease): void {
    // Now and then one is stuck, and its lease has to expire.
    if (this.#chance(0.02)) return
    const computeMs = (lease.numExamples / this.#speed) * 1000
    this.#simulation.clock.after(computeMs, () => void this.#deliver(lease, computeMs))
  }

  async #deliver(lease: Lease, computeMs: number): Promise<void> {
    const host = this.#host
    if (this.#held?.lease !== lease || host === undefined) return
    if (this.#chance(this.#simulation.options.loss)) return this.#disconnect()
    if (lease.kind === 'evaluate') {
      const { numExamples: examples } = lease
      const honest = !this.#chance(this.#simulation.options.bad)
      const correct = honest ? Math.floor(examples / 2) : examples
      return host.receive(this.id, { type: 'evaluation', ...fence(lease), modelVersion: lease.modelVersion, metrics: { lossSum: honest ? examples / 2 : 0, correct, examples }, computeMs })
    }
    const model = await host.file(lease.modelHash)
    if (this.#host !== host || this.#held?.lease !== lease) return
    if (model === undefined) throw new Error(`snapshot of version ${lease.modelVersion}: must be served while a lease needs it.`)
    this.#upload(host, lease, stubUpdate(lease, model, computeMs))
  }

  #upload(host: RunHost, lease: Lease, honest: { readonly header: UpdateHeader; readonly payload: Uint8Array }): void {
    const { options, payloads, rng } = this.#simulation
    const { header, payload } = this.#chance(options.bad) ? spoil(honest, WRONGS[rng.integer(WRONGS.length)]!) : honest
    const former = this.#lastUpdate
    this.#lastUpdate = { header, payload }
    payloads.set(header.payloadHash, payload)
    if (former !== undefined && this.#chance(options.duplicates)) this.#send(host, former)
    const refusal = host.announce(this.id, header)
    if (refusal !== undefined) {
      this.#countRefusal(refusal.code)
      if (this.#held?.lease === lease) this.#held = undefined
      return this.#ready()
    }
    const connection = this.#connection
    this.#later(30, () => {
      if (connection !== this.#connection) return
      host.submit(this.id, header, payload.slice())
      if (this.#chance(options.duplicates)) this.#later(50, () => { if (connection === this.#connection) this.#send(host, { header, payload }) })
    })
  }

  /** An update as a replay sends it. */
  #send(host: RunHost, { header, payload }: { readonly header: UpdateHeader; readonly payload: Uint8Array }): void {
    const refusal = host.announce(this.id, header)
    if (refusal === undefined) host.submit(this.id, header, payload.slice())
    else this.#countRefusal(refusal.code)
  }

  #countRefusal(code: string): void {
    const { refusals } = this.#simulation.witness
    refusals.set(code, (refusals.get(code) ?? 0) + 1)
  }
}

const fence = ({ runId, leaseId, incarnation, grant }: Lease): Pick<Lease, 'runId' | 'leaseId' | 'incarnation' | 'grant'> => ({ runId, leaseId, incarnation, grant })

/** A gradient that depends on model and examples: any confusion of either changes the result. */
export function stubUpdate(lease: Lease, model: Uint8Array, computeMs: number): { readonly header: UpdateHeader; readonly payload: Uint8Array } {
  const params = new Float32Array(model.slice().buffer)
  const salt = lease.work.slices.reduce((sum, { shard, start, count }) => sum + shard * 31 + start * 7 + count, lease.work.epoch)
  const grads = params.map((value, i) => value * 0.1 + Math.fround(Math.sin(salt + i) / 10))
  const payload = new Uint8Array(grads.buffer)
  return {
    payload,
    header: {
      type: 'update', protocolVersion: PROTOCOL_VERSION, ...fence(lease), modelVersion: lease.modelVersion, codec: 'f32', payloadBytes: payload.length,
      payloadHash: sha256(payload), numExamples: lease.numExamples, metrics: { lossSum: lease.numExamples, correct: 0, examples: lease.numExamples }, computeMs,
      tensors: STUB_LAYOUT.entries.map(({ name, role, size }) => ({ name, role, size, weight: lease.numExamples })),
    },
  }
}

export function spoil({ header, payload }: { readonly header: UpdateHeader; readonly payload: Uint8Array }, how: (typeof WRONGS)[number]): { header: UpdateHeader; payload: Uint8Array } {
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
