// The trainer on the CPU runner, against the gradient computed directly on plain arrays.
import { describe, expect, test } from 'vitest'
import { createCpuRunner } from '../cpu/runner.ts'
import { batchOf, localRates, passOrder, planLocal, type LocalTraining } from '../fed/local-work.ts'
import { DeviceLostError, WrongResultsError, type Runner } from '../graph/plan.ts'
import { compileProgram } from '../train/program.ts'
import { VolunteerMemory } from './memory.ts'
import { realClock } from './real-clock.ts'
import { direct, lease, model, params, SEED, setUp, sharded, SNAPSHOT, welcome, work, type Slices } from './test-trainer.ts'
import { NonFiniteError } from './trainer-port.ts'

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
    const { trainer } = setUp(params, createRunner, { clock: { ...realClock, now: () => 0 } })
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    for (let i = 0; i < 5; i++) await work(trainer, lease([{ shard: 0, start: 0, count: 4 }]))
    expect(asked).toEqual([100, 100, 100])
  })

  test('a device that tuning finds to compute wrongly computes no further lease', async () => {
    const createRunner = async (): Promise<Runner> => {
      const runner = createCpuRunner()
      return { ...runner, load: async (plans) => Object.assign(await runner.load(plans), { improve: async () => { throw new WrongResultsError('matmul: wrong') } }) }
    }
    const { trainer } = setUp(params, createRunner)
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    await work(trainer, lease([{ shard: 0, start: 0, count: 4 }]))
    await expect(work(trainer, lease([{ shard: 0, start: 0, count: 4 }]))).rejects.toThrow(WrongResultsError)
  })

  test('tuning rests four times as long as it took', async () => {
    let nowMs = 0
    const tunedAt: number[] = []
    const createRunner = async (): Promise<Runner> => {
      const runner = createCpuRunner()
      return {
        ...runner,
        load: async (plans) => Object.assign(await runner.load(plans), { improve: async () => (tunedAt.push(nowMs), nowMs += 50, true) }),
      }
    }
    const { trainer } = setUp(params, createRunner, { clock: { ...realClock, now: () => nowMs } })
    await trainer.open()
    await trainer.prepare(welcome(), () => {})
    for (let i = 0; i < 10; i++) {
      nowMs += 60
      await work(trainer, lease([{ shard: 0, start: 0, count: 4 }]))
    }
    // The first at 60 lasts until 110 and rests until 310.
    expect(tunedAt).toEqual([60, 350, 640])
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

  test.each<[string, LocalTraining]>([
    ['of one batch each', { type: 'steps', steps: 4, optimizer: { name: 'adam', learningRate: 3e38 } }],
    ['of all examples, in several runs', { type: 'epochs', epochs: 4, batchSize: 'all', optimizer: { name: 'adam', learningRate: 3e38 } }],
  ])('local steps that go too far are named, with the call that made the first infinity: steps %s', async (_name, local) => {
    const { trainer } = setUp()
    await trainer.open()
    await trainer.prepare(welcome({ local }), () => {})
    await expect(work(trainer, lease(SLICES))).rejects.toThrow(/in 4 local steps from model version 1 on: \S+ \([a-z0-9-]+\) first gave .+; it read .*finite up to [\d.]+e\+\d+.* Lower local\.optimizer/)
  })

  test.each<[string, LocalTraining]>([
    ['in small batches', { type: 'epochs', epochs: 2, batchSize: 6, optimizer: { name: 'momentum', learningRate: 2 }, keepOptimizerState: true }],
    ['in one batch', { type: 'epochs', epochs: 2, batchSize: 'all', optimizer: { name: 'momentum', learningRate: 2 }, keepOptimizerState: true }],
  ])('an optimizer that goes on from where it was is blamed for what it brought: %s', async (_name, local) => {
    const memory = new VolunteerMemory({ volunteerId: 'v' })
    const { trainer } = setUp(params, undefined, { memory })
    await trainer.open()
    await trainer.prepare(welcome({ local }), () => {})
    // From zeros on nothing overflows.
    const last = { volunteer: 'b'.repeat(64) }
    expect((await work(trainer, lease(SLICES))).metrics.lossSum).toBeLessThan(1e3)
    const [slot] = compileProgram(model, { batchSize: 8, optimizer: local.optimizer }).update!.slots
    memory.propose('volunteer', { update: last.volunteer, steps: 5, arrays: { [`optimizer/${slot!.allocation}`]: new Float32Array(slot!.group.size).fill(3e38) } })
    await expect(work(trainer, lease(SLICES, { last }))).rejects.toThrow(/optimizer\/momentum \(momentum\) first gave infinity, .* grads from \S+, finite up to \d\.\d+.* v from \S+, finite up to 3\.00e\+38/)
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
