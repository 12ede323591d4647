// A session with a link, a trainer and a clock that its tests move by hand.
import type { Clock } from '../base/clock.ts'
import { createLayout } from '../model/layout.ts'
import type { Link, LinkEvents } from '../wire/link.ts'
import { PROTOCOL_VERSION, type FromVolunteer, type Hello, type Lease, type Refused, type ToVolunteer, type UpdateHeader } from '../wire/messages.ts'
import type { Welcome } from '../wire/welcome.ts'
import { Session } from './session.ts'
import type { Outcome, Trainer, WorkHooks } from './trainer-port.ts'
import type { TrainOutcome } from './update.ts'

export function handClock(): Clock & { pass(ms: number): Promise<void> } {
  let nowMs = 0
  let timers: { readonly atMs: number; readonly run: () => void }[] = []
  return {
    now: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run }
      timers.push(timer)
      return () => { timers = timers.filter((other) => other !== timer) }
    },
    async pass(ms) {
      const endMs = nowMs + ms
      for (;;) {
        await settle()
        const next = timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (next === undefined) break
        timers = timers.filter((other) => other !== next)
        nowMs = next.atMs
        next.run()
      }
      nowMs = endMs
    },
  }
}

/** Lets every promise that can go on do so. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const welcomeOf = (changes: Partial<Welcome> = {}): Welcome => ({
  type: 'welcome', protocolVersion: PROTOCOL_VERSION, runId: 'run-1', incarnation: 1,
  config: { title: 'Digits', batchSize: 64 } as Welcome['config'], model: { name: 'tiny' } as Welcome['model'], dataset: { name: 'digits' } as Welcome['dataset'],
  state: 'running', modelVersion: 3, modelHash: 'a'.repeat(64), keepLease: false, ...changes,
})

export const leaseOf = (changes: Partial<Lease> = {}): Lease => ({
  runId: 'run-1', leaseId: 'lease-1', incarnation: 1, grant: 1, kind: 'train', modelVersion: 3, modelHash: 'a'.repeat(64),
  work: { source: 'examples', split: 'train', epoch: 0, slices: [{ shard: 0, start: 0, count: 10 }] }, numExamples: 10, durationMs: 9000, ...changes,
})

export class FakeLink implements Link {
  events: LinkEvents | undefined
  hellos: Hello[] = []
  sent: FromVolunteer[] = []
  updates: { readonly header: UpdateHeader; readonly payload: Uint8Array; readonly signal: AbortSignal }[] = []
  answer: Welcome | Refused = welcomeOf()
  /** What becomes of an update on its way. */
  fate: () => Promise<Refused | undefined> = async () => undefined
  closed = false
  open(events: LinkEvents): void { this.events = events }
  async hello(hello: Hello): Promise<Welcome | Refused> {
    this.hellos.push(hello)
    return this.answer
  }
  send(message: FromVolunteer): void { this.sent.push(message) }
  async sendUpdate(header: UpdateHeader, payload: Uint8Array, signal: AbortSignal): Promise<Refused | undefined> {
    this.updates.push({ header, payload, signal })
    return this.fate()
  }
  async fetchFile(): Promise<Uint8Array> { throw new Error('the fake trainer fetches nothing') }
  close(): void { this.closed = true }
  say(message: ToVolunteer): void { this.events?.onMessage(message) }
  types(): readonly string[] { return this.sent.map(({ type }) => type) }
}

export class FakeTrainer implements Trainer {
  bytesDown = 0
  worked: { readonly lease: Lease; readonly hooks: WorkHooks; readonly finish: (outcome: Outcome) => void; readonly fail: (error: unknown) => void }[] = []
  prepared = 0
  disposed = false
  openFails: Error | undefined
  async open() {
    if (this.openFails !== undefined) throw this.openFails
    return { runner: 'gpu', name: 'Test GPU', software: false }
  }
  async prepare(): Promise<void> { this.prepared++ }
  work(lease: Lease, hooks: WorkHooks): Promise<Outcome> {
    return new Promise((finish, fail) => {
      hooks.signal.addEventListener('abort', () => fail(hooks.signal.reason))
      this.worked.push({ lease, hooks, finish, fail })
    })
  }
  readonly forgotten: string[] = []
  forget(runId: string): void { this.forgotten.push(runId) }
  dispose(): void { this.disposed = true }
}

export const layout = createLayout([{ name: 'dense/weight', shape: [2], role: 'param' }])
export const metrics = { lossSum: 20, correct: 4, examples: 10 }
export const trained: TrainOutcome = { kind: 'train', gradient: new Float32Array([1, -2]), layout, codec: 'f32', metrics, computeMs: 40 }

export async function begin(answer: Welcome | Refused = welcomeOf()) {
  const clock = handClock(), link = new FakeLink(), trainer = new FakeTrainer()
  link.answer = answer
  const session = new Session({ volunteerId: 'v1', link, trainer, clock })
  await session.start()
  link.events?.onOpen()
  await settle()
  return { clock, link, trainer, session, state: () => session.view().session }
}

export const latest = <T>(list: readonly T[]): T => {
  const item = list.at(-1)
  if (item === undefined) throw new Error('expected at least one')
  return item
}
