// A volunteer's life with a coordinator: hello, leases, renewals, verdicts, reconnections, pause and stop.
// It is given its link, trainer and clock, so that browsers, Node, the simulator and tests run the same code.
import { ConfigError, InvariantError } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import type { AdapterDescription } from '../graph/plan.ts'
import type { Link } from '../wire/link.ts'
import { PROTOCOL_VERSION, type Fence, type Lease, type Refused, type RunState, type ToVolunteer } from '../wire/messages.ts'
import type { Welcome } from '../wire/welcome.ts'
import { failureOf } from './failure.ts'
import { createTally } from './tally.ts'
import type { Outcome, Trainer } from './trainer-port.ts'
import { createUpdate, type Update } from './update.ts'
import type { FailureKind, LeasePhase, RunSummary, SessionState, VolunteerView } from './view.ts'

export interface SessionOptions {
  readonly volunteerId: string
  /** The coordinator's default run where absent. */
  readonly runId?: string
  readonly link: Link
  readonly trainer: Trainer
  readonly clock: Clock
  /** Something in `view()` changed. May come thousands of times a second: throttle. */
  readonly onChange?: () => void
}

/** A lease being worked on. It outlives a lost connection until it would have expired. */
interface Job {
  readonly lease: Lease
  readonly abort: AbortController
  readonly grantedMs: number
  phase: LeasePhase
  fraction: number
  renewedMs: number
  /** The result, once computed: sent again if the connection is lost before the verdict. */
  result?: { readonly outcome: Outcome; readonly update?: Update }
  sending: boolean
}

type Connection = { readonly at: 'opening' } | { readonly at: 'welcomed' } | { readonly at: 'lost'; readonly reason: string; readonly retryAtMs: number }
type Ending = { readonly state: 'stopped' } | { readonly state: 'refused'; readonly refused: Refused } | { readonly state: 'failed'; readonly failure: FailureKind; readonly message: string }

/** Pauses before asking for work again after work that came to nothing, so that a fault is not repeated in a tight loop. */
const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 10_000

const fenceOf = ({ runId, leaseId, incarnation, grant }: Lease): Fence => ({ runId, leaseId, incarnation, grant })
const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300)

export class Session {
  readonly #options: SessionOptions
  readonly #tally = createTally()
  #connection: Connection = { at: 'opening' }
  #paused = false
  #ending: Ending | undefined
  #adapter: AdapterDescription | undefined
  #run: RunSummary | undefined
  #runId = ''
  #runState: RunState = 'waiting'
  #modelVersion = 0
  #preparing: { readonly fraction: number; readonly doing: string } | undefined
  #prepared = false
  #job: Job | undefined
  /** The trainer takes one lease at a time; an aborted one needs a moment to let go. */
  #trainerFree: Promise<void> = Promise.resolve()
  #failuresInRow = 0
  #cancelTimer: Record<'renew' | 'ready' | 'verdict', () => void> = { renew: () => {}, ready: () => {}, verdict: () => {} }

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** Opens the GPU, then the connection. Failures show in the state. */
  async start(): Promise<void> {
    this.#prepare({ fraction: 0, doing: 'gpu' })
    try {
      this.#adapter = await this.#options.trainer.open()
    } catch (error) {
      return this.#fail(error)
    }
    this.#preparing = undefined
    if (this.#ending !== undefined) return this.#options.trainer.dispose()
    this.#changed()
    this.#options.link.open({
      onOpen: () => void this.#hello(),
      onMessage: (message) => this.#receive(message),
      onClose: (reason, retryMs) => {
        if (this.#ending !== undefined) return
        this.#connection = { at: 'lost', reason, retryAtMs: this.#options.clock.now() + retryMs }
        this.#changed()
      },
    })
  }

  pause(): void {
    if (this.#paused || this.#ending !== undefined) return
    this.#paused = true
    this.#cancelTimer.ready()
    this.#release('paused by its volunteer')
    this.#changed()
  }

  resume(): void {
    if (!this.#paused || this.#ending !== undefined) return
    this.#paused = false
    this.#ready()
    this.#changed()
  }

  /** Gives the lease back and closes everything; resolves when the device is let go. */
  async stop(): Promise<void> {
    if (this.#ending === undefined) this.#end({ state: 'stopped' }, 'stopped by its volunteer')
    await this.#trainerFree
  }

  view(): VolunteerView {
    const trouble = this.#tally.trouble
    return {
      session: this.#state(),
      ...(this.#run !== undefined ? { run: this.#run } : {}),
      ...(this.#adapter !== undefined ? { adapter: this.#adapter } : {}),
      modelVersion: this.#modelVersion,
      contribution: { ...this.#tally.contribution, bytesDown: this.#options.trainer.bytesDown },
      examplesPerSecond: this.#tally.examplesPerSecond,
      losses: this.#tally.losses,
      ...(trouble !== undefined ? { trouble } : {}),
    }
  }

  #state(): SessionState {
    const ending = this.#ending, connection = this.#connection, job = this.#job
    if (ending?.state === 'refused') return { state: 'refused', code: ending.refused.code, message: ending.refused.message }
    if (ending !== undefined) return ending
    if (this.#paused) return { state: 'paused' }
    if (connection.at === 'lost') {
      return { state: 'disconnected', reason: connection.reason, retryInMs: Math.max(0, connection.retryAtMs - this.#options.clock.now()), working: job !== undefined }
    }
    if (job !== undefined) return { state: 'leased', phase: job.phase, kind: job.lease.kind, fraction: job.fraction, numExamples: job.lease.numExamples }
    if (this.#preparing !== undefined) return { state: 'preparing', ...this.#preparing }
    return connection.at === 'welcomed' ? { state: 'waiting', runState: this.#runState } : { state: 'connecting' }
  }

  #changed(): void {
    this.#options.onChange?.()
  }

  // ---- connection -------------------------------------------------------------------------------

  async #hello(): Promise<void> {
    const { link, volunteerId, runId } = this.#options
    this.#connection = { at: 'opening' }
    this.#changed()
    const adapter = this.#adapter
    if (adapter === undefined) throw new InvariantError('hello: must come after the GPU was opened. This is a bug.')
    let answer: Welcome | Refused
    try {
      answer = await link.hello({
        type: 'hello', protocolVersion: PROTOCOL_VERSION, volunteerId,
        ...(runId !== undefined ? { runId } : {}),
        adapter: { runner: adapter.runner as 'gpu' | 'wasm' | 'cpu', name: adapter.name, software: adapter.software },
        ...(this.#job !== undefined ? { holding: fenceOf(this.#job.lease) } : {}),
      })
    } catch {
      return // The connection went again; the link reports it and opens anew.
    }
    if (this.#ending !== undefined) return
    if (answer.type === 'refused') return this.#end({ state: 'refused', refused: answer }, '')
    if (answer.protocolVersion !== PROTOCOL_VERSION) {
      const message = `protocolVersion: must be ${answer.protocolVersion}, got ${PROTOCOL_VERSION}. Reload the page.`
      return this.#end({ state: 'refused', refused: { type: 'refused', code: 'protocol-version', message } }, '')
    }
    await this.#welcome(answer)
  }

  async #welcome(welcome: Welcome): Promise<void> {
    this.#connection = { at: 'welcomed' }
    this.#runId = welcome.runId
    this.#runState = welcome.state
    this.#modelVersion = welcome.modelVersion
    this.#run = { runId: welcome.runId, title: welcome.config.title, modelName: welcome.model.name, dataset: welcome.dataset.name }
    const job = this.#job
    if (job !== undefined && !welcome.keepLease) this.#drop(job)
    if (job !== undefined && welcome.keepLease) {
      job.renewedMs = this.#options.clock.now()
      if (job.result !== undefined && !job.sending) void this.#send(job)
    }
    this.#changed()
    try {
      await this.#options.trainer.prepare(welcome, (fraction, doing) => this.#prepare({ fraction, doing }))
    } catch (error) {
      return this.#fail(error)
    }
    this.#preparing = undefined
    this.#prepared = true
    this.#ready()
    this.#changed()
  }

  #prepare(progress: { readonly fraction: number; readonly doing: string }): void {
    this.#preparing = progress
    this.#changed()
  }

  #receive(message: ToVolunteer): void {
    if (this.#ending !== undefined) return
    switch (message.type) {
      case 'grant': return this.#granted(message.lease)
      case 'revoke': {
        const job = this.#jobOf(message)
        if (job !== undefined) {
          this.#drop(job)
          this.#ready()
        }
        break
      }
      case 'result': {
        const job = this.#jobOf(message)
        if (job !== undefined) this.#judged(job, message.accepted ? undefined : message.message ?? message.code ?? 'refused')
        break
      }
      case 'model':
        this.#modelVersion = message.version
        break
      case 'run-state': {
        const resumed = message.state === 'running' && this.#runState !== 'running'
        this.#runState = message.state
        if (resumed) this.#ready()
        break
      }
    }
    this.#changed()
  }

  #jobOf({ leaseId, grant }: { readonly leaseId: string; readonly grant: number }): Job | undefined {
    const job = this.#job
    return job?.lease.leaseId === leaseId && job.lease.grant === grant ? job : undefined
  }

  /** Says that we are idle, if we are; after failures in a row only a little later. */
  #ready(): void {
    this.#cancelTimer.ready()
    const say = (): void => {
      const idle = this.#prepared && this.#job === undefined && !this.#paused && this.#ending === undefined
      if (idle && this.#connection.at === 'welcomed') this.#options.link.send({ type: 'ready', runId: this.#runId })
    }
    if (this.#failuresInRow === 0) return say()
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failuresInRow - 1))
    this.#cancelTimer.ready = this.#options.clock.after(delayMs, say)
  }

  // ---- leases -----------------------------------------------------------------------------------

  #granted(lease: Lease): void {
    if (this.#paused || !this.#prepared) {
      this.#options.link.send({ type: 'release', ...fenceOf(lease), reason: this.#paused ? 'paused by its volunteer' : 'not ready' })
      return
    }
    // The coordinator would not grant a second one unless it had given up on the first.
    if (this.#job !== undefined) this.#drop(this.#job)
    const now = this.#options.clock.now()
    const job: Job = { lease, abort: new AbortController(), grantedMs: now, renewedMs: now, phase: 'downloading', fraction: 0, sending: false }
    this.#job = job
    this.#renewLater(job)
    this.#trainerFree = this.#trainerFree.then(() => this.#work(job))
    this.#changed()
  }

  #renewLater(job: Job): void {
    const { clock, link } = this.#options
    this.#cancelTimer.renew = clock.after(job.lease.durationMs / 3, () => {
      if (this.#connection.at === 'welcomed') {
        job.renewedMs = clock.now()
        link.send({ type: 'renew', ...fenceOf(job.lease) })
      } else if (clock.now() - job.renewedMs >= job.lease.durationMs) {
        return this.#drop(job)
      }
      this.#renewLater(job)
    })
  }

  async #work(job: Job): Promise<void> {
    if (job.abort.signal.aborted) return
    try {
      const outcome = await this.#options.trainer.work(job.lease, {
        signal: job.abort.signal,
        onProgress: (phase, fraction) => {
          job.phase = phase
          job.fraction = fraction
          this.#changed()
        },
      })
      const result = outcome.kind === 'train' ? { outcome, update: await createUpdate(job.lease, outcome) } : { outcome }
      if (job !== this.#job) return
      job.result = result
      job.phase = 'uploading'
      this.#changed()
      void this.#send(job)
    } catch (error) {
      if (job !== this.#job) return // Aborted: paused, stopped, revoked or expired.
      if (error instanceof ConfigError || error instanceof InvariantError || failureOf(error) !== 'crashed') return this.#fail(error)
      this.#failuresInRow++
      this.#tally.failed(describe(error))
      this.#release(describe(error))
      this.#ready()
      this.#changed()
    }
  }

  /** Sends a computed result. Where the connection is lost on the way, the next welcome that keeps the lease sends it again. */
  async #send(job: Job): Promise<void> {
    const { link } = this.#options
    const result = job.result
    if (result === undefined || this.#connection.at !== 'welcomed') return
    if (result.update === undefined) {
      const { metrics, computeMs } = result.outcome
      link.send({ type: 'evaluation', ...fenceOf(job.lease), modelVersion: job.lease.modelVersion, metrics, computeMs })
      return this.#awaitVerdict(job)
    }
    job.sending = true
    try {
      const refused = await link.sendUpdate(result.update.header, result.update.payload, job.abort.signal)
      if (job !== this.#job) return
      if (refused !== undefined) return this.#judged(job, refused.message)
      this.#awaitVerdict(job)
    } catch {
      // Aborted, or the connection was lost: `#welcome` decides whether to send again.
    } finally {
      job.sending = false
    }
  }

  /** A verdict that never comes must not idle a volunteer for ever. */
  #awaitVerdict(job: Job): void {
    this.#cancelTimer.renew()
    this.#cancelTimer.verdict()
    this.#cancelTimer.verdict = this.#options.clock.after(job.lease.durationMs, () => {
      this.#drop(job)
      this.#ready()
      this.#changed()
    })
  }

  #judged(job: Job, refusal: string | undefined): void {
    const outcome = job.result?.outcome
    this.#tally.sent(job.result?.update?.payload.byteLength ?? 0)
    this.#clear()
    if (refusal === undefined && outcome !== undefined) {
      this.#failuresInRow = 0
      this.#tally.accepted(job.lease, outcome, this.#options.clock.now() - job.grantedMs)
    } else {
      this.#failuresInRow++
      this.#tally.refused(refusal ?? 'accepted before it was sent')
    }
    job.abort.abort()
    this.#ready()
    this.#changed()
  }

  /** Forgets a lease that the coordinator has taken back or let expire. */
  #drop(job: Job): void {
    if (job !== this.#job) return
    this.#clear()
    job.abort.abort()
  }

  /** Gives the lease back, if there is one. */
  #release(reason: string): void {
    const job = this.#job
    if (job === undefined) return
    this.#drop(job)
    if (this.#connection.at === 'welcomed') this.#options.link.send({ type: 'release', ...fenceOf(job.lease), reason })
  }

  #clear(): void {
    this.#job = undefined
    this.#cancelTimer.renew()
    this.#cancelTimer.verdict()
  }

  // ---- endings ----------------------------------------------------------------------------------

  #fail(error: unknown): void {
    if (this.#ending !== undefined) return
    this.#end({ state: 'failed', failure: failureOf(error), message: describe(error) }, describe(error))
  }

  #end(ending: Ending, reason: string): void {
    this.#cancelTimer.ready()
    this.#release(reason)
    this.#ending = ending
    this.#options.link.close()
    this.#trainerFree = this.#trainerFree.then(() => this.#options.trainer.dispose())
    this.#changed()
  }
}
