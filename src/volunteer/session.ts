// A volunteer's life with a coordinator: hello, leases, renewals, verdicts, reconnections, pause and stop.
// It is given its link, trainer and clock, so that browsers, Node, the simulator and tests run the same code.
import { ConfigError, InvariantError } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import type { AdapterDescription } from '../graph/plan.ts'
import type { Link } from '../wire/link.ts'
import { PROTOCOL_VERSION, type Lease, type Refused, type RunState, type ToVolunteer } from '../wire/messages.ts'
import type { Welcome } from '../wire/welcome.ts'
import { failureOf } from './failure.ts'
import { fenceOf, LeaseJob, type JobEnd, type JobHost } from './lease-job.ts'
import { createTally } from './tally.ts'
import { NonFiniteError, type Trainer } from './trainer-port.ts'
import type { FailureKind, RunSummary, SessionState, VolunteerView } from './view.ts'

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

type Connection = { readonly at: 'opening' } | { readonly at: 'welcomed' } | { readonly at: 'lost'; readonly reason: string; readonly retryAtMs: number }
type Ending = { readonly state: 'stopped' } | { readonly state: 'refused'; readonly refused: Refused } | { readonly state: 'failed'; readonly failure: FailureKind; readonly message: string }

/** Pauses before asking for work again after work that came to nothing, so that a fault is not repeated in a tight loop. */
const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 10_000

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300)

export class Session {
  readonly #options: SessionOptions
  readonly #tally = createTally()
  readonly #jobHost: JobHost
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
  #job: LeaseJob | undefined
  /** The trainer takes one lease at a time; an aborted one needs a moment to let go. */
  #trainerFree: Promise<void> = Promise.resolve()
  #failuresInRow = 0
  #cancelReady: () => void = () => {}

  constructor(options: SessionOptions) {
    this.#options = options
    const { link, trainer, clock } = options
    this.#jobHost = { link, trainer, clock, connected: () => this.#connection.at === 'welcomed', changed: () => this.#changed(), ended: (job, end) => this.#ended(job, end) }
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
    this.#cancelReady()
    this.#job?.release('paused by its volunteer')
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
    const { trouble } = this.#tally, { storage, memoryBytes } = this.#options.trainer
    return {
      session: this.#state(),
      ...(this.#run !== undefined ? { run: this.#run } : {}),
      ...(this.#adapter !== undefined ? { adapter: this.#adapter } : {}),
      ...(storage !== undefined ? { storage } : {}),
      ...(memoryBytes !== undefined ? { memoryBytes } : {}),
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
    if (job !== undefined) return job.state
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
    this.#prepared = false
    this.#runId = welcome.runId
    this.#setRunState(welcome.state)
    this.#modelVersion = welcome.modelVersion
    this.#run = { runId: welcome.runId, title: welcome.config.title, modelName: welcome.model.name, dataset: welcome.dataset.name, storage: welcome.config.storage ?? 'f32' }
    if (welcome.keepLease) this.#job?.kept()
    else this.#job?.drop()
    this.#changed()
    try {
      await this.#options.trainer.prepare(welcome, (fraction, doing) => this.#prepare({ fraction, doing }))
    } catch (error) {
      return this.#fail(error)
    }
    this.#adapter = this.#options.trainer.adapter ?? this.#adapter
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
        if (this.#job?.matches(message) === true) this.#job.drop()
        break
      }
      case 'result': {
        if (this.#job?.matches(message) === true) this.#job.judge(message.accepted ? undefined : message.message ?? message.code ?? 'refused')
        break
      }
      case 'model':
        this.#modelVersion = message.version
        break
      case 'run-state': {
        const resumed = message.state === 'running' && this.#runState !== 'running'
        this.#setRunState(message.state)
        if (resumed) this.#ready()
        break
      }
    }
    this.#changed()
  }

  #setRunState(state: RunState): void {
    this.#runState = state
    if (state === 'finished') this.#options.trainer.forget?.(this.#runId)
  }

  /** Says that we are idle, if we are; after failures in a row only a little later. */
  #ready(): void {
    this.#cancelReady()
    const say = (): void => {
      const idle = this.#prepared && this.#job === undefined && !this.#paused && this.#ending === undefined
      if (idle && this.#connection.at === 'welcomed') this.#options.link.send({ type: 'ready', runId: this.#runId })
    }
    if (this.#failuresInRow === 0) return say()
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failuresInRow - 1))
    this.#cancelReady = this.#options.clock.after(delayMs, say)
  }

  // ---- leases -----------------------------------------------------------------------------------

  #granted(lease: Lease): void {
    if (this.#paused || !this.#prepared) {
      return this.#giveBack(lease, this.#paused ? 'paused by its volunteer' : 'not ready')
    }
    // The coordinator would not grant a second one unless it had given up on the first.
    const former = this.#job
    this.#job = undefined
    former?.drop()
    const job = new LeaseJob(lease, this.#jobHost)
    this.#job = job
    this.#trainerFree = this.#trainerFree.then(() => job.work())
    this.#changed()
  }

  #ended(job: LeaseJob, end: JobEnd): void {
    if (job !== this.#job) return
    this.#job = undefined
    switch (end.type) {
      case 'accepted':
        this.#failuresInRow = 0
        this.#tally.accepted(job.lease, end)
        break
      case 'refused':
        this.#failuresInRow++
        this.#tally.refused(end.why)
        break
      case 'failed': {
        const { error } = end
        if (error instanceof ConfigError || error instanceof InvariantError || failureOf(error) !== 'crashed') {
          this.#fail(error, job.lease)
          break
        }
        this.#failuresInRow++
        this.#tally.failed(describe(error))
        this.#giveBack(job.lease, describe(error), error instanceof NonFiniteError)
        break
      }
      case 'lost': break
    }
    this.#ready()
    this.#changed()
  }

  #giveBack(lease: Lease, reason: string, nonFinite = false): void {
    if (this.#connection.at === 'welcomed') this.#options.link.send({ type: 'release', ...fenceOf(lease), reason, ...(nonFinite ? { nonFinite } : {}) })
  }

  // ---- endings ----------------------------------------------------------------------------------

  #fail(error: unknown, lease?: Lease): void {
    if (this.#ending !== undefined) return
    if (lease !== undefined) this.#giveBack(lease, describe(error))
    this.#end({ state: 'failed', failure: failureOf(error), message: describe(error) }, describe(error))
  }

  #end(ending: Ending, reason: string): void {
    this.#cancelReady()
    this.#ending = ending
    this.#job?.release(reason)
    this.#options.link.close()
    this.#trainerFree = this.#trainerFree.then(() => this.#options.trainer.dispose())
    this.#changed()
  }
}
