// The trainer on the CPU runner, against the gradient computed directly on plain arrays.
import { beforeAll, describe, expect, test } from 'vitest'
import { createCpuRunner } from '../cpu/runner.ts'
import type { ByteSplit } from '../data/dataset.ts'
import { shardOrder } from '../data/order.ts'
import { shardDataset, type ShardedDataset } from '../data/shards.ts'
import { createRng } from '../base/rng.ts'
import { batchOf, localRates, passOrder, planLocal, type LocalTraining } from '../fed/local-work.ts'
import type { Strategy } from '../fed/strategy.ts'
import type { ErrorFeedback } from '../codec/error-feedback.ts'
import { resolveCodec } from '../codec/index.ts'
import { createUpdate } from './update.ts'
import { DeviceLostError, type Runner } from '../graph/plan.ts'
import type { ModelSpec } from '../model/spec.ts'
import { PROTOCOL_VERSION, type Lease } from '../wire/messages.ts'
import type { Welcome } from '../wire/welcome.ts'
import { memoryCache } from './cache.ts'
import { createFiles } from './files.ts'
import { realClock } from './real-clock.ts'
import { createTrainer } from './trainer.ts'
import { NonFiniteError, type Outcome } from './trainer-port.ts'

const SEED = 5, CLASSES = 3, PIXELS = 4
const SNAPSHOT = 'a'.repeat(64)
/** Softmax regression: its gradient fits in a few lines. */
const model: ModelSpec = {
  name: 'softmax', inputs: { x: [2, 2, 1] }, output: 'logits',
  nodes: [{ name: 'flat', layer: 'flatten' }, { name: 'logits', layer: 'dense', options: { units: CLASSES } }],
}
const params = Float32Array.from({ length: PIXELS * CLASSES + CLASSES }, (_, i) => Math.sin(i) / 2)

let sharded: ShardedDataset

beforeAll(async () => {
  const rng = createRng('trainer-test')
  const split = (examples: number): ByteSplit => ({
    examples,
    values: Uint8Array.from({ length: examples * PIXELS }, () => rng.integer(256)),
    labels: Uint8Array.from({ length: examples }, () => rng.integer(CLASSES)),
  })
  const dataset = { name: 'noise', shape: [2, 2, 1], classes: CLASSES, classNames: ['a', 'b', 'c'], scale: 1 / 255, offset: -0.5, train: split(50), test: split(30) }
  sharded = await shardDataset(dataset, SEED, 20)
})

const welcome = (strategy: Partial<Strategy> = {}): Welcome => ({
  type: 'welcome', protocolVersion: PROTOCOL_VERSION, runId: 'run', incarnation: 1, model, dataset: sharded.manifest,
  config: { batchSize: 8, seed: SEED, title: 'Noise', strategy: { codec: 'f32', local: { type: 'gradient' }, ...strategy } } as Welcome['config'],
  state: 'running', modelVersion: 1, modelHash: SNAPSHOT, keepLease: false,
})

type Slices = Lease['work']['slices']
const lease = (slices: Slices, changes: Partial<Lease> & { split?: 'train' | 'test' } = {}): Lease => {
  const { split = 'train', ...rest } = changes
  return {
    runId: 'run', leaseId: 'l1', incarnation: 1, grant: 1, kind: 'train', modelVersion: 1, modelHash: SNAPSHOT, durationMs: 10_000,
    work: { source: 'examples', split, epoch: 2, slices }, numExamples: slices.reduce((sum, { count }) => sum + count, 0), ...rest,
  }
}

/** Mean gradient, summed loss and hits, in double precision. */
function direct(slices: Slices, split: 'train' | 'test', at: ArrayLike<number> = params, wanted: (position: number) => boolean = () => true) {
  const gradient = new Float64Array(params.length)
  let lossSum = 0, correct = 0, examples = 0, position = -1
  for (const { shard, start, count } of slices) {
    const manifest = sharded.manifest[split].shards[shard]!
    const file = sharded.file(manifest.hash)!
    const order = split === 'train' ? shardOrder(SEED, 2, shard, manifest.examples) : Uint32Array.from({ length: manifest.examples }, (_, i) => i)
    for (let p = start; p < start + count; p++) {
      if (!wanted(++position)) continue
      const example = order[p]!
      const x = Array.from({ length: PIXELS }, (_, i) => file[example * PIXELS + i]! / 255 - 0.5)
      const label = file[manifest.examples * PIXELS + example]!
      const logits = Array.from({ length: CLASSES }, (_, c) => x.reduce((sum, v, i) => sum + v * at[i * CLASSES + c]!, at[PIXELS * CLASSES + c]!))
      const total = logits.reduce((sum, z) => sum + Math.exp(z), 0)
      lossSum += Math.log(total) - logits[label]!
      correct += logits.indexOf(Math.max(...logits)) === label ? 1 : 0
      examples++
      for (let c = 0; c < CLASSES; c++) {
        const error = Math.exp(logits[c]!) / total - (c === label ? 1 : 0)
        for (let i = 0; i < PIXELS; i++) gradient[i * CLASSES + c]! += error * x[i]!
        gradient[PIXELS * CLASSES + c]! += error
      }
    }
  }
  return { gradient: gradient.map((g) => g / examples), lossSum, correct, examples }
}

function setUp(snapshot: Float32Array = params, createRunner: () => Promise<Runner> = async () => createCpuRunner()) {
  const fetched: string[] = []
  const fetchFile = async (_run: string, hash: string): Promise<Uint8Array> => {
    fetched.push(hash)
    return hash === SNAPSHOT ? new Uint8Array(snapshot.slice().buffer) : sharded.file(hash)!
  }
  const trainer = createTrainer({ files: createFiles({ fetchFile }, memoryCache(1 << 20)), clock: realClock, createRunner })
  return { trainer, fetched }
}

async function work(trainer: ReturnType<typeof createTrainer>, wanted: Lease, signal = new AbortController().signal): Promise<Outcome> {
  return trainer.work(wanted, { signal, onProgress: () => {} })
}

describe('trainer', () => {
  test.each([
    ['one padded micro-batch', [{ shard: 0, start: 3, count: 5 }]],
    ['whole micro-batches', [{ shard: 1, start: 0, count: 16 }]],
    ['slices of several shards, last one padded', [{ shard: 0, start: 10, count: 10 }, { shard: 2, start: 1, count: 9 }, { shard: 1, start: 19, count: 1 }]],
  ] satisfies [string, Slices][])('the mean gradient equals a direct one: %s', async (_name, slices) => {
    const { trainer } = setUp()
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    const expected = direct(slices, 'train')
    for (let again = 0; again < 2; again++) {
      const outcome = await work(trainer, lease(slices))
      if (outcome.kind !== 'train') throw new Error('expected a gradient')
      expect(outcome.metrics).toMatchObject({ correct: expected.correct, examples: expected.examples })
      expect(outcome.metrics.lossSum).toBeCloseTo(expected.lossSum, 4)
      expect(outcome.gradient).toHaveLength(params.length)
      outcome.gradient.forEach((g, i) => expect(g).toBeCloseTo(expected.gradient[i]!, 6))
    }
  })

  test('an evaluation counts the test split in its own order', async () => {
    const { trainer } = setUp()
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    const slices = [{ shard: 0, start: 0, count: 20 }, { shard: 1, start: 0, count: 10 }]
    const { lossSum, correct, examples } = direct(slices, 'test')
    const outcome = await work(trainer, lease(slices, { kind: 'evaluate', split: 'test' }))
    expect(outcome).toMatchObject({ kind: 'evaluate', metrics: { correct, examples } })
    expect(outcome.metrics.lossSum).toBeCloseTo(lossSum, 4)
  })

  test('between leases the runner goes on tuning until nothing is left', async () => {
    const answers = [true, true, false]
    const asked: number[] = []
    const createRunner = async (): Promise<Runner> => {
      const runner = createCpuRunner()
      return {
        ...runner,
        load: async (plans) => Object.assign(await runner.load(plans), { improve: async (budgetMs: number) => (asked.push(budgetMs), answers.shift() ?? false) }),
      }
    }
    const { trainer } = setUp(params, createRunner)
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    for (let i = 0; i < 5; i++) await work(trainer, lease([{ shard: 0, start: 0, count: 4 }]))
    expect(asked).toEqual([100, 100, 100])
  })

  const SLICES = [{ shard: 0, start: 10, count: 10 }, { shard: 2, start: 1, count: 9 }, { shard: 1, start: 19, count: 1 }] satisfies Slices
  const sgd = { name: 'sgd', learningRate: 0.5 }

  test.each<[string, LocalTraining, number, number?]>([
    ['passes in small batches, the last one of each smaller', { type: 'epochs', epochs: 2, batchSize: 6, optimizer: sgd }, 8],
    ['passes in one batch, larger than the device takes at once', { type: 'epochs', epochs: 3, batchSize: 'all', optimizer: sgd }, 3],
    ['FedProx, in small batches', { type: 'epochs', epochs: 2, batchSize: 6, optimizer: sgd }, 8, 0.4],
    ['FedProx, in one batch', { type: 'epochs', epochs: 3, batchSize: 'all', optimizer: sgd }, 3, 0.4],
    ['steps of the run\'s batch size, ending within a pass', { type: 'steps', steps: 4, optimizer: sgd, learningRateSchedule: { name: 'step', totalSteps: 4, parts: 2, finalFraction: 0.5 } }, 4],
  ])('local training goes where plain SGD goes: %s', async (_name, local, steps, mu = 0) => {
    const { trainer } = setUp()
    const wanted = lease(SLICES)
    const plan = planLocal(local, { numExamples: 20, batchSize: 8 })
    expect(plan.steps).toBe(steps)
    await trainer.open()
    await trainer.prepare(welcome({ local, corrections: mu === 0 ? [] : [{ name: 'fed-prox', mu }] }), () => {})
    const trained = Float64Array.from(params)
    let lossSum = 0
    for (let step = 0; step < steps; step++) {
      const { pass, start, count } = batchOf(plan, step)
      const order = passOrder(SEED, JSON.stringify(wanted.work), pass, 20).subarray(start, start + count)
      const { gradient, lossSum: loss } = direct(SLICES, 'train', trained, (position) => order.includes(position))
      lossSum += (loss / count / steps) * 20
      trained.forEach((value, i) => { trained[i]! -= localRates(local)(step) * (gradient[i]! + mu * (value - params[i]!)) })
    }
    // Twice: nothing of one lease is left in the next.
    for (let again = 0; again < 2; again++) {
      const outcome = await work(trainer, wanted)
      if (outcome.kind !== 'train') throw new Error('expected an update')
      outcome.gradient.forEach((value, i) => expect(value).toBeCloseTo(params[i]! - trained[i]!, 5))
      expect(outcome.metrics.examples).toBe(20)
      expect(outcome.metrics.lossSum).toBeCloseTo(lossSum, 3)
    }
    // The granted model is evaluated, not the trained one.
    const { lossSum: tested } = direct([{ shard: 0, start: 0, count: 20 }], 'test')
    expect((await work(trainer, lease([{ shard: 0, start: 0, count: 20 }], { kind: 'evaluate', split: 'test' }))).metrics.lossSum).toBeCloseTo(tested, 4)
  })

  test('local steps that go too far are named, with the call that made the first infinity', async () => {
    const { trainer } = setUp()
    await trainer.open()
    await trainer.prepare(welcome({ local: { type: 'steps', steps: 4, optimizer: { name: 'adam', learningRate: 3e38 } } }), () => {})
    await expect(work(trainer, lease(SLICES))).rejects.toThrow(/in 4 local steps from model version 1 on: \S+ \([a-z0-9-]+\) first gave .+; it read .*finite up to [\d.]+e\+\d+.* Lower local\.optimizer/)
  })

  test('a local optimizer goes on where the last lease ended only where that is wanted', async () => {
    const adam: LocalTraining = { type: 'steps', steps: 3, optimizer: { name: 'adam', learningRate: 0.1 } }
    const updates = async (local: LocalTraining): Promise<Float32Array[]> => {
      const { trainer } = setUp()
      await trainer.open()
      await trainer.prepare(welcome({ local }), () => {})
      const outcomes = [await work(trainer, lease(SLICES)), await work(trainer, lease(SLICES))]
      return outcomes.map((outcome) => (outcome.kind === 'train' ? outcome.gradient : new Float32Array(0)))
    }
    const [first, second] = await updates(adam)
    expect(second).toEqual(first)
    const [begun, gone] = await updates({ ...adam, keepOptimizerState: true })
    expect(begun).toEqual(first)
    expect(gone).not.toEqual(first)
  })

  test('with error feedback nothing of the accepted updates is lost for good', async () => {
    const codec = { name: 'int8', errorFeedback: true }
    const { trainer } = setUp()
    await trainer.open()
    await trainer.prepare(welcome({ codec }), () => {})
    const wanted = new Float64Array(params.length), arrived = new Float64Array(params.length)
    let feedback: ErrorFeedback | undefined
    for (const [i, end] of (['accepted', 'dropped', 'accepted', 'accepted'] as const).entries()) {
      const given = lease([{ shard: 0, start: 4 * i, count: 4 }], { leaseId: `1-${i}` })
      const outcome = await work(trainer, given)
      if (outcome.kind !== 'train') throw new Error('expected an update')
      feedback = outcome.feedback!
      const { payload, header } = await createUpdate(given, outcome)
      expect(header.codec).toBe('int8')
      expect(payload.byteLength).toBe(resolveCodec(codec).codec.payloadBytes(params.length))
      feedback[end]()
      if (end === 'dropped') continue
      const decoded = resolveCodec(codec).codec.decode(payload, params.length)
      expect(decoded).not.toEqual(outcome.gradient)
      outcome.gradient.forEach((value, k) => { wanted[k]! += value; arrived[k]! += decoded[k]! })
    }
    wanted.forEach((value, k) => expect(arrived[k]! + feedback!.residual[k]!).toBeCloseTo(value, 6))
  })

  test('params and shards are downloaded once', async () => {
    const { trainer, fetched } = setUp()
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    await work(trainer, lease([{ shard: 0, start: 0, count: 8 }]))
    await work(trainer, lease([{ shard: 0, start: 8, count: 8 }]))
    expect(fetched).toEqual([SNAPSHOT, sharded.manifest.train.shards[0]!.hash])
    expect(trainer.bytesDown).toBe(params.byteLength + sharded.manifest.train.shards[0]!.bytes)
  })

  test('two welcomes at once compile once', async () => {
    let loads = 0
    const { trainer } = setUp(params, async () => {
      const runner = createCpuRunner()
      const load: Runner['load'] = (plans, onProgress) => { loads++; return runner.load(plans, onProgress) }
      return { ...bound(runner), load }
    })
    await trainer.open()
    await Promise.all([trainer.prepare(welcome(), () => {}), trainer.prepare(welcome(), () => {})])
    const phases: string[] = []
    await trainer.work(lease([{ shard: 0, start: 0, count: 8 }]), { signal: new AbortController().signal, onProgress: (phase) => phases.push(phase) })
    expect(loads).toBe(1)
    expect(phases).not.toContain('rebuilding')
  })

  test('an aborted lease stops between micro-batches and the next one is right', async () => {
    const { trainer } = setUp()
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    const abort = new AbortController()
    const slices = [{ shard: 0, start: 0, count: 20 }]
    let computed = 0
    const stopped = trainer.work(lease(slices), {
      signal: abort.signal,
      onProgress: (phase, fraction) => {
        if (phase !== 'computing') return
        computed = fraction
        abort.abort()
      },
    })
    await expect(stopped).rejects.toThrow(/abort/i)
    expect(computed).toBeLessThan(1)
    const outcome = await work(trainer, lease(slices))
    if (outcome.kind !== 'train') throw new Error('expected a gradient')
    const expected = direct(slices, 'train')
    outcome.gradient.forEach((g, i) => expect(g).toBeCloseTo(expected.gradient[i]!, 6))
  })

  test('a loss that is not finite is an error of its own', async () => {
    const { trainer } = setUp(params.map(() => Number.NaN))
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    await expect(work(trainer, lease([{ shard: 0, start: 0, count: 8 }]))).rejects.toThrow(NonFiniteError)
    await expect(work(trainer, lease([{ shard: 0, start: 0, count: 8 }]))).rejects.toThrow(/got NaN at model version 1: logits\/matmul \(matmul\) first gave NaN, in 24 of 24 numbers; it read a from x, finite up to 0.\d+; b from params, not finite itself/)
  })

  test('slices outside their shard are refused', async () => {
    const { trainer } = setUp()
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    await expect(work(trainer, lease([{ shard: 0, start: 15, count: 8 }]))).rejects.toThrow('slice: must lie in')
    await expect(work(trainer, lease([{ shard: 9, start: 0, count: 8 }]))).rejects.toThrow('slice.shard: must be below 3')
  })

  test('a device lost in mid-lease is rebuilt, and the lease done again from its beginning', async () => {
    let runners = 0
    const failing = async (): Promise<Runner> => {
      const runner = createCpuRunner()
      if (++runners > 1) return runner
      const load: Runner['load'] = async (plans, onProgress) => {
        const program = await runner.load(plans, onProgress)
        let runs = 0
        const run: typeof program.run = (plan, inputs) => {
          if (++runs > 1) throw new DeviceLostError('the driver was reset')
          program.run(plan, inputs)
        }
        return { ...bound(program), run }
      }
      return { ...bound(runner), load }
    }
    const { trainer } = setUp(params, failing)
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    const phases: string[] = []
    const slices = [{ shard: 0, start: 0, count: 20 }]
    const outcome = await trainer.work(lease(slices), { signal: new AbortController().signal, onProgress: (phase) => phases.push(phase) })
    if (outcome.kind !== 'train') throw new Error('expected a gradient')
    expect(phases).toContain('rebuilding')
    expect(runners).toBe(2)
    const expected = direct(slices, 'train')
    outcome.gradient.forEach((g, i) => expect(g).toBeCloseTo(expected.gradient[i]!, 6))
  })
})

/** Every method of `object`, bound to it, so that some can be replaced. */
function bound<T extends object>(object: T): T {
  const keys = new Set([...Object.keys(object), ...Object.getOwnPropertyNames(Object.getPrototypeOf(object))])
  return Object.fromEntries([...keys].filter((key) => key !== 'constructor').map((key) => {
    const value = object[key as keyof T]
    return [key, typeof value === 'function' ? value.bind(object) : value]
  })) as T
}
