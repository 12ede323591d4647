// One lease from grant to verdict: compute, send, renew meanwhile. It outlives a lost connection until it would have
// expired, and ends exactly once.
import type { Clock } from '../base/clock.ts'
import type { Link } from '../wire/link.ts'
import type { Fence, Lease } from '../wire/messages.ts'
import type { Outcome, Trainer } from './trainer-port.ts'
import { createUpdate, type Update } from './update.ts'
import type { LeasePhase, SessionState } from './view.ts'

export type JobEnd =
  | { readonly type: 'accepted'; readonly outcome: Outcome; readonly wallMs: number; readonly payloadBytes: number }
  | { readonly type: 'refused'; readonly why: string }
  /** Computing it threw. */
  | { readonly type: 'failed'; readonly error: unknown }
  /** Taken back, expired, or no verdict came. */
  | { readonly type: 'lost' }

export interface JobHost {
  readonly link: Link
  readonly trainer: Trainer
  readonly clock: Clock
  /** Connected and welcomed. */
  connected(): boolean
  changed(): void
  ended(job: LeaseJob, end: JobEnd): void
}

/** A GPU that hangs reports nothing: without progress for this long the lease goes to somebody else. */
const STALLED_MS = 120_000

export const fenceOf = ({ runId, leaseId, incarnation, grant }: Lease): Fence => ({ runId, leaseId, incarnation, grant })

export class LeaseJob {
  readonly lease: Lease
  readonly #host: JobHost
  readonly #abort = new AbortController()
  readonly #grantedMs: number
  #renewedMs: number
  #progressMs: number
  #phase: LeasePhase = 'downloading'
  #fraction = 0
  /** Once computed: sent again if the connection is lost before the verdict. */
  #result: { readonly outcome: Outcome; readonly update?: Update } | undefined
  #sending = false
  #over = false
  #cancelTimer: () => void = () => {}

  constructor(lease: Lease, host: JobHost) {
    this.lease = lease
    this.#host = host
    this.#grantedMs = this.#renewedMs = this.#progressMs = host.clock.now()
    this.#renewLater()
  }

  get state(): Extract<SessionState, { readonly state: 'leased' }> {
    return { state: 'leased', phase: this.#phase, kind: this.lease.kind, fraction: this.#fraction, numExamples: this.lease.numExamples }
  }

  /** True for messages about this very grant. */
  matches({ leaseId, grant }: { readonly leaseId: string; readonly grant: number }): boolean {
    return this.lease.leaseId === leaseId && this.lease.grant === grant
  }

  /** Computes the lease and begins to send it. Never rejects. */
  async work(): Promise<void> {
    if (this.#over) return
    const { trainer } = this.#host, before = trainer.bytesDown
    try {
      const outcome = await trainer.work(this.lease, {
        signal: this.#abort.signal,
        onProgress: (phase, fraction) => {
          this.#phase = phase
          this.#fraction = fraction
          this.#progressMs = this.#host.clock.now()
          this.#host.changed()
        },
      })
      this.#result = outcome.kind === 'train' ? { outcome, update: await createUpdate(this.lease, outcome, trainer.bytesDown - before) } : { outcome }
      this.#phase = 'uploading'
      this.#host.changed()
      void this.#send()
    } catch (error) {
      // Where the lease is over already, this is only the echo of the abort.
      this.#end({ type: 'failed', error })
    }
  }

  /** The coordinator welcomed us again and kept the lease. */
  kept(): void {
    this.#renewedMs = this.#host.clock.now()
    if (!this.#sending) void this.#send()
  }

  /** The verdict; `refusal` says why it was not accepted. */
  judge(refusal: string | undefined): void {
    const result = this.#result
    if (refusal !== undefined || result === undefined) return this.#end({ type: 'refused', why: refusal ?? 'accepted before it was sent' })
    const wallMs = this.#host.clock.now() - this.#grantedMs
    this.#end({ type: 'accepted', outcome: result.outcome, wallMs, payloadBytes: result.update?.payload.byteLength ?? 0 })
  }

  /** Forgets a lease that the coordinator has taken back or let expire. */
  drop(): void {
    this.#end({ type: 'lost' })
  }

  /** Gives the lease back. */
  release(reason: string): void {
    if (this.#over) return
    if (this.#host.connected()) this.#host.link.send({ type: 'release', ...fenceOf(this.lease), reason: reason.slice(0, 300) })
    this.drop()
  }

  #end(end: JobEnd): void {
    if (this.#over) return
    this.#over = true
    this.#cancelTimer()
    this.#abort.abort()
    if (end.type === 'accepted') this.#remember()
    this.#host.ended(this, end)
  }

  #remember(): void {
    const { outcome, update } = this.#result ?? {}
    if (outcome?.kind === 'train' && update !== undefined) outcome.memory?.accepted(update.header.payloadHash)
  }

  #renewLater(): void {
    const { clock, link } = this.#host
    this.#cancelTimer = clock.after(this.lease.durationMs / 3, () => {
      if (this.#result === undefined && clock.now() - this.#progressMs >= STALLED_MS) {
        return this.#end({ type: 'failed', error: new Error(`lease: must make progress, got none for ${STALLED_MS / 1000} s.`) })
      }
      if (this.#host.connected()) {
        this.#renewedMs = clock.now()
        link.send({ type: 'renew', ...fenceOf(this.lease) })
      } else if (clock.now() - this.#renewedMs >= this.lease.durationMs) {
        return this.drop()
      }
      this.#renewLater()
    })
  }

  /** Sends the result, if there is one yet. Where the connection is lost on the way, `kept` sends it again. */
  async #send(): Promise<void> {
    const { link } = this.#host
    const result = this.#result
    if (result === undefined || this.#over || !this.#host.connected()) return
    if (result.update === undefined) {
      const { metrics, computeMs } = result.outcome
      link.send({ type: 'evaluation', ...fenceOf(this.lease), modelVersion: this.lease.modelVersion, metrics, computeMs })
      return this.#awaitVerdict()
    }
    this.#sending = true
    try {
      const refused = await link.sendUpdate(result.update.header, result.update.payload, this.#abort.signal)
      if (refused === undefined) this.#awaitVerdict()
      else this.judge(refused.message)
    } catch {
      // Aborted, or the connection was lost: `kept` decides whether to send again, and the renewal timer when to give up.
    } finally {
      this.#sending = false
    }
  }

  /** A verdict that never comes must not idle a volunteer for ever. */
  #awaitVerdict(): void {
    if (this.#over) return
    this.#cancelTimer()
    this.#cancelTimer = this.#host.clock.after(this.lease.durationMs, () => this.drop())
  }
}
