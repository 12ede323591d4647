// What a volunteer does with corrections and remembers from lease to lease (server/SPEC.md M1), against the formulas on
// plain arrays.
import { describe, expect, test } from 'vitest'
import { resolveCodec } from '../codec/index.ts'
import { batchOf, passOrder, planLocal, type LocalTraining } from '../fed/local-work.ts'
import type { Strategy } from '../fed/strategy.ts'
import type { Lease } from '../wire/messages.ts'
import { memoryStore } from './byte-store.ts'
import { MAX_STATE_BYTES, VolunteerMemory } from './memory.ts'
import { direct, lease, params, SEED, setUp, welcome, work, type Slices } from './test-trainer.ts'
import type { TrainOutcome } from './update.ts'
import { createUpdate } from './update.ts'

const SIZE = params.length, RATE = 0.5
const LOCAL: LocalTraining = { type: 'epochs', epochs: 2, batchSize: 6, optimizer: { name: 'sgd', learningRate: RATE } }
const PART = [{ shard: 1, start: 0, count: 20 }] satisfies Slices
const OTHER = [{ shard: 0, start: 0, count: 20 }] satisfies Slices

/** A tab: a trainer with its memory, which a reload begins anew on the same store. */
class Tab {
  readonly memory: VolunteerMemory
  readonly #trainer: ReturnType<typeof setUp>['trainer']
  readonly #ready: Promise<void>

  constructor(strategy: Partial<Strategy>, store = memoryStore(MAX_STATE_BYTES), snapshot = params) {
    this.memory = new VolunteerMemory({ volunteerId: 'v', store })
    this.#trainer = setUp(snapshot, undefined, { memory: this.memory }).trainer
    this.#ready = this.#trainer.open().then(() => this.#trainer.prepare(welcome(strategy), () => {}))
  }

  /** Trains, and hears that it counts. Names the update. */
  async train(wanted: Lease, accepted = true): Promise<{ outcome: TrainOutcome; update: string; payload: Uint8Array }> {
    await this.#ready
    const outcome = await work(this.#trainer, wanted)
    if (outcome.kind !== 'train') throw new Error('expected an update')
    const { header, payload } = await createUpdate(wanted, outcome)
    if (accepted) outcome.memory?.accepted(header.payloadHash)
    return { outcome, update: header.payloadHash, payload }
  }
}

/** Where plain SGD goes, with a term on every gradient: params before minus after. */
function pseudoGradient(wanted: Lease, drift: ArrayLike<number>, pull = 0): number[] {
  const { slices } = wanted.work
  const plan = planLocal(LOCAL, { numExamples: 20, batchSize: 8 })
  const trained = Float64Array.from(params)
  for (let step = 0; step < plan.steps; step++) {
    const { pass, start, count } = batchOf(plan, step)
    const order = passOrder(SEED, JSON.stringify(wanted.work), pass, 20).subarray(start, start + count)
    const { gradient } = direct(slices, 'train', trained, (position) => order.includes(position))
    trained.forEach((value, i) => { trained[i]! -= RATE * (gradient[i]! + drift[i]! + pull * (value - params[i]!)) })
  }
  return [...trained].map((value, i) => params[i]! - value)
}

const near = (got: ArrayLike<number>, wanted: ArrayLike<number>, digits = 5): void => {
  expect(got.length).toBe(wanted.length)
  Array.from(got).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, digits))
}

const zeros = new Float32Array(SIZE)
const control = Float32Array.from({ length: SIZE }, (_, i) => Math.cos(i) / 20)
/** What a coordinator serves of SCAFFOLD: params, then its control. */
const withControl = Float32Array.of(...params, ...control)
const RATES = RATE * 8

describe('SCAFFOLD', () => {
  const scaffold = { local: LOCAL, corrections: [{ name: 'scaffold' }] } as Partial<Strategy>

  test('M3: drifts by the difference of the controls, sends the change of its own, and keeps that once it counts', async () => {
    const tab = new Tab(scaffold, memoryStore(MAX_STATE_BYTES), withControl)
    const first = await tab.train(lease(PART, { last: {} }))
    const went = pseudoGradient(lease(PART), control)
    near(first.outcome.gradient, went)
    const change = went.map((value, i) => value / RATES - control[i]!)
    near(first.outcome.up!.values, change)
    // It travels behind the update, in the same payload.
    near(new Float32Array(first.payload.slice().buffer), [...went, ...change])
    const second = await tab.train(lease(PART, { leaseId: 'l2', last: { volunteer: first.update, part: first.update } }))
    near(second.outcome.gradient, pseudoGradient(lease(PART), control.map((value, i) => value - change[i]!)))
  })

  test('M1: a state that was not accepted is not used; one whose verdict was lost is, as the lease names it', async () => {
    const tab = new Tab(scaffold, memoryStore(MAX_STATE_BYTES), withControl)
    const first = await tab.train(lease(PART, { last: {} }))
    const lost = await tab.train(lease(PART, { leaseId: 'l2', last: { part: first.update } }), false)
    const again = await tab.train(lease(PART, { leaseId: 'l2', last: { part: first.update } }), false)
    expect(again.outcome.gradient).toEqual(lost.outcome.gradient)
    const third = await tab.train(lease(PART, { leaseId: 'l3', last: { part: again.update } }))
    expect(third.outcome.gradient).not.toEqual(lost.outcome.gradient)
  })

  test('M2: a part that somebody else has trained on begins at its gradient at the granted model, one that nobody has at zero', async () => {
    const tab = new Tab(scaffold, memoryStore(MAX_STATE_BYTES), withControl)
    const { gradient } = direct(PART, 'train')
    near((await tab.train(lease(PART, { last: { part: 'e'.repeat(64) } }))).outcome.gradient, pseudoGradient(lease(PART), control.map((value, i) => value - gradient[i]!)))
    near((await tab.train(lease(OTHER, { last: {} }))).outcome.gradient, pseudoGradient(lease(OTHER), control))
  })

  test('M1: is found again after a reload, each part its own, unless somebody else has trained on it since', async () => {
    const store = memoryStore(MAX_STATE_BYTES), before = new Tab(scaffold, store, withControl)
    const first = await before.train(lease(PART, { last: {} })), other = await before.train(lease(OTHER, { last: {} }))
    const next = lease(PART, { leaseId: 'l3', last: { part: first.update } })
    const expected = await before.train(next, false)
    await before.memory.settled()
    expect([...(await store.keys())].sort()).toEqual(['run/v/part-0', 'run/v/part-1'])
    const after = new Tab(scaffold, store, withControl)
    expect((await after.train(next, false)).outcome.gradient).toEqual(expected.outcome.gradient)
    const { gradient } = direct(OTHER, 'train')
    near((await after.train(lease(OTHER, { last: { part: first.update } }), false)).outcome.gradient, pseudoGradient(lease(OTHER), control.map((value, i) => value - gradient[i]!)))
    expect(other.update).not.toBe(first.update)
  })
})

test('FedDyn pulls to the granted model, and remembers the gradient where it ended', async () => {
  const alpha = 0.2, tab = new Tab({ local: LOCAL, corrections: [{ name: 'fed-dyn', alpha }] })
  const first = await tab.train(lease(PART, { last: {} }))
  const went = pseudoGradient(lease(PART), zeros, alpha)
  near(first.outcome.gradient, went)
  const second = await tab.train(lease(PART, { leaseId: 'l2', last: { part: first.update } }))
  near(second.outcome.gradient, pseudoGradient(lease(PART), went.map((value) => -alpha * value), alpha))
})

describe('a local optimizer', () => {
  const local: LocalTraining = { type: 'steps', steps: 3, optimizer: { name: 'adam', learningRate: 0.1 } }

  test('goes on where the last accepted lease ended only where that is wanted', async () => {
    const updates = async (how: LocalTraining): Promise<Float32Array[]> => {
      const tab = new Tab({ local: how })
      const first = await tab.train(lease(PART, { last: {} }))
      const refused = await tab.train(lease(PART, { last: { volunteer: first.update } }), false)
      const second = await tab.train(lease(PART, { last: { volunteer: first.update } }))
      expect(second.outcome.gradient).toEqual(refused.outcome.gradient)
      return [first.outcome.gradient, second.outcome.gradient]
    }
    const [first, second] = await updates(local)
    expect(second).toEqual(first)
    const [begun, gone] = await updates({ ...local, keepOptimizerState: true })
    expect(begun).toEqual(first)
    expect(gone).not.toEqual(first)
  })

  test('M1: is found again after a reload', async () => {
    const store = memoryStore(MAX_STATE_BYTES), strategy = { local: { ...local, keepOptimizerState: true } }
    const before = new Tab(strategy, store)
    const first = await before.train(lease(PART, { last: {} }))
    const next = lease(PART, { last: { volunteer: first.update } })
    const expected = await before.train(next, false)
    await before.memory.settled()
    expect((await new Tab(strategy, store).train(next, false)).outcome.gradient).toEqual(expected.outcome.gradient)
    expect((await new Tab(strategy).train(next, false)).outcome.gradient).not.toEqual(expected.outcome.gradient)
  })
})

test('M2: with error feedback nothing of the accepted updates is lost for good, whatever is refused or reloaded', async () => {
  const codec = { name: 'int8', errorFeedback: true }, store = memoryStore(MAX_STATE_BYTES)
  let tab = new Tab({ codec, local: { type: 'gradient' } }, store)
  const wanted = new Float64Array(SIZE), arrived = new Float64Array(SIZE)
  let last: string | undefined, owed = zeros
  for (const [i, accepted] of [true, false, true, true].entries()) {
    const given = lease([{ shard: 0, start: 4 * i, count: 4 }], { leaseId: `1-${i}`, last: last === undefined ? {} : { volunteer: last } })
    const { outcome, update, payload } = await tab.train(given, accepted)
    expect(payload.byteLength).toBe(resolveCodec(codec).codec.payloadBytes(SIZE))
    near(outcome.memory!.owed!, owed)
    if (!accepted) continue
    last = update
    const decoded = resolveCodec(codec).codec.decode(payload, SIZE)
    expect(decoded).not.toEqual(outcome.gradient)
    outcome.gradient.forEach((value, k) => { wanted[k]! += value; arrived[k]! += decoded[k]! })
    owed = Float32Array.from(wanted, (value, k) => value - arrived[k]!)
    if (i === 2) {
      await tab.memory.settled()
      tab = new Tab({ codec, local: { type: 'gradient' } }, store)
    }
  }
  expect(Math.max(...owed.map(Math.abs))).toBeGreaterThan(0)
})
