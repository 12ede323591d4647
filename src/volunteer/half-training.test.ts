// Training in f16, which the CPU runner rounds to as GPUs do: updates are those of f32 but for rounding, whatever overflows on the way.
import { expect, test } from 'vitest'
import { createCpuRunner } from '../cpu/runner.ts'
import type { LocalTraining } from '../fed/local-work.ts'
import type { Strategy } from '../fed/strategy.ts'
import { DeviceLostError, type Program, type Runner } from '../graph/plan.ts'
import type { ModelSpec } from '../model/spec.ts'
import type { Lease } from '../wire/messages.ts'
import type { Welcome } from '../wire/welcome.ts'
import { direct, lease, model, params, setUp, welcome, work, type Slices } from './test-trainer.ts'
import { NonFiniteError, type Trainer } from './trainer-port.ts'

const SLICES = [{ shard: 0, start: 10, count: 10 }, { shard: 2, start: 1, count: 9 }] satisfies Slices
/** Runs of a Plan in one pass: batches of 8. */
const BATCHES = 3

/** The loss so many times as large, and with it every gradient. */
const weighted = (weight: number): ModelSpec => ({ ...model, heads: [{ name: 'logits', from: 'logits', target: 'labels', weight, loss: { name: 'softmax-cross-entropy' } }] })
const wants = (storage: 'f16' | 'f32', { weight = 1, ...strategy }: Partial<Strategy> & { readonly weight?: number } = {}): Welcome => {
  const plain = welcome(strategy)
  return { ...plain, model: weighted(weight), config: { ...plain.config, storage } }
}

interface Device {
  /** Runs of `gradient` or `train` so far. */
  runs: number
  loseNext: boolean
}

/** The CPU runner, with f16 or not, on a device that can be lost. */
function device(half = true): { readonly device: Device; readonly createRunner: () => Promise<Runner> } {
  const state: Device = { runs: 0, loseNext: false }
  return {
    device: state,
    async createRunner() {
      const runner = createCpuRunner()
      const load = async (plans: Parameters<Runner['load']>[0]): Promise<Program> => {
        const program = await runner.load(plans)
        const run: Program['run'] = (plan, inputs) => {
          if (state.loseNext) {
            state.loseNext = false
            throw new DeviceLostError('the driver was reset')
          }
          if (plan !== 'evaluate') state.runs++
          program.run(plan, inputs)
        }
        return { ...program, run }
      }
      return { ...runner, adapter: { ...runner.adapter, half }, load }
    },
  }
}

async function prepared(wanted: Welcome, { snapshot = params, half = true } = {}): Promise<{ readonly trainer: Trainer; readonly device: Device }> {
  const { device: used, createRunner } = device(half)
  const { trainer } = setUp(snapshot, createRunner)
  await trainer.open()
  await trainer.prepare(wanted, () => {})
  return { trainer, device: used }
}

async function updateOf(trainer: Trainer, wanted: Lease = lease(SLICES)): Promise<Float32Array> {
  const outcome = await work(trainer, wanted)
  if (outcome.kind !== 'train') throw new Error('expected an update')
  return outcome.gradient
}

/** Largest difference, relative to the largest element. */
function difference(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  const largest = Math.max(...Array.from(theirs, Math.abs))
  return Math.max(...Array.from(ours, (value, i) => Math.abs(value - theirs[i]!))) / largest
}

const ROUNDED = 2e-3

/** Runs of Plans in a lease of local steps: four small batches in each of two passes, or the three that one takes and its step. */
const STEPS = 8
const LOCALS: readonly (readonly [string, LocalTraining])[] = ([6, 'all'] as const).map((batchSize) =>
  [`in batches of ${batchSize}`, { type: 'epochs', epochs: 2, batchSize, optimizer: { name: 'adam', learningRate: 0.1 } }])

test.each<readonly [string, LocalTraining | { readonly type: 'gradient' }]>([['a gradient', { type: 'gradient' }], ...LOCALS])('an update is that of f32 but for rounding: %s', async (_name, local) => {
  const [half, whole] = [await prepared(wants('f16', { local })), await prepared(wants('f32', { local }))]
  expect([half.trainer.storage, whole.trainer.storage]).toEqual(['f16', 'f32'])
  const [ours, theirs] = [await updateOf(half.trainer), await updateOf(whole.trainer)]
  expect(difference(ours, theirs)).toBeLessThan(ROUNDED)
  expect(difference(ours, theirs)).toBeGreaterThan(1e-6)
  expect(half.device.runs).toBe(whole.device.runs)
})

test('a gradient that overflows is computed again at a lower scale, which stays so for later leases and on another device', async () => {
  const { trainer, device } = await prepared(wants('f16', { weight: 1000 }))
  const expected = direct(SLICES, 'train').gradient.map((value) => value * 1000)
  const gradient = await updateOf(trainer)
  expect(difference(gradient, expected)).toBeLessThan(ROUNDED)
  expect(device.runs).toBeGreaterThan(2 * BATCHES)
  device.runs = 0
  expect(await updateOf(trainer)).toEqual(gradient)
  expect(device.runs).toBe(BATCHES)
  device.loseNext = true
  expect(await updateOf(trainer)).toEqual(gradient)
  expect([device.runs, device.loseNext, trainer.storage]).toEqual([2 * BATCHES, false, 'f16'])
})

test.each(LOCALS)('of local steps that overflow none is left out: %s', async (_name, local) => {
  const [half, whole] = [await prepared(wants('f16', { local, weight: 1e4 })), await prepared(wants('f32', { local, weight: 1e4 }))]
  const [ours, theirs] = [await updateOf(half.trainer), await updateOf(whole.trainer)]
  expect(difference(ours, theirs)).toBeLessThan(ROUNDED)
  expect(half.device.runs).toBeGreaterThan(STEPS)
  half.device.runs = 0
  expect(await updateOf(half.trainer)).toEqual(ours)
  expect([half.device.runs, half.trainer.storage]).toEqual([STEPS, 'f16'])
})

test.each([
  { what: 'gradients', weight: 1e7, snapshot: params, attempts: 7 },
  { what: 'activations', weight: 1, snapshot: params.map((value) => value * 1e6), attempts: 1 },
])('where f16 has too little range for $what it goes on in f32', async ({ weight, snapshot, attempts }) => {
  const { trainer, device } = await prepared(wants('f16', { weight }), { snapshot })
  expect(await updateOf(trainer)).toEqual(await updateOf((await prepared(wants('f32', { weight }), { snapshot })).trainer))
  expect([device.runs, trainer.storage]).toEqual([(attempts + 1) * BATCHES, 'f32'])
  device.runs = 0
  await updateOf(trainer)
  expect(device.runs).toBe(BATCHES)
})

test.each<readonly [string, LocalTraining | { readonly type: 'gradient' }]>([['a gradient', { type: 'gradient' }], ...LOCALS])('a model that has diverged in f32 too is named so: %s', async (_name, local) => {
  const { trainer } = await prepared(wants('f16', { local }), { snapshot: params.map(() => NaN) })
  await expect(updateOf(trainer)).rejects.toThrow(NonFiniteError)
  expect(trainer.storage).toBe('f32')
})

test('a device without f16 trains in f32', async () => {
  const { trainer } = await prepared(wants('f16'), { half: false })
  expect(trainer.storage).toBe('f32')
  expect(difference(await updateOf(trainer), direct(SLICES, 'train').gradient)).toBeLessThan(1e-6)
})

test('evaluations are exact: the coordinator compares some with its own', async () => {
  const [half, whole] = [await prepared(wants('f16')), await prepared(wants('f32'))]
  const tested = lease([{ shard: 0, start: 0, count: 20 }], { kind: 'evaluate', split: 'test' })
  expect((await work(half.trainer, tested)).metrics).toEqual((await work(whole.trainer, tested)).metrics)
})
