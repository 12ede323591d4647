// Optimizers against their formulas in double precision, the server's against the Plan's, schedules against known values.
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../base/errors.ts'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { initialParams } from '../model/initial-params.ts'
import { pack, unpack } from '../model/layout.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram } from '../train/program.ts'
import { plainUpdate } from '../kernels/optimizers.ts'
import { optimizers, resolveOptimizer } from './index.ts'
import { resolveSchedule } from './schedules.ts'
import { createServerOptimizer } from './server-optimizer.ts'

const names = optimizers.names()

/** One parameter, from 1 on, stepped with the textbook's formula in double precision; t counts from 1. */
const textbook: Record<string, () => (p: number, g: number, rate: number, t: number) => number> = {
  sgd: () => (p, g, rate) => p - rate * g,
  momentum: () => {
    let v = 0
    return (p, g, rate) => p - rate * (v = 0.9 * v + g)
  },
  nesterov: () => {
    let v = 0
    return (p, g, rate) => p - rate * (g + 0.9 * (v = 0.9 * v + g))
  },
  adagrad: () => {
    let sum = 0
    return (p, g, rate) => p - (rate * g) / (Math.sqrt(sum += g * g) + 1e-10)
  },
  adadelta: () => {
    let squares = 0, steps = 0
    return (p, g, rate) => {
      squares = 0.9 * squares + 0.1 * g * g
      const step = g * Math.sqrt((steps + 1e-6) / (squares + 1e-6))
      steps = 0.9 * steps + 0.1 * step * step
      return p - rate * step
    }
  },
  rmsprop: () => {
    let squares = 0
    return (p, g, rate) => p - (rate * g) / (Math.sqrt(squares = 0.99 * squares + 0.01 * g * g) + 1e-8)
  },
  adam: () => {
    let m = 0, v = 0
    return (p, g, rate, t) => {
      m = 0.9 * m + 0.1 * g
      v = 0.999 * v + 0.001 * g * g
      return p - (rate * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
    }
  },
  adamw: () => {
    const step = textbook['adam']!()
    return (p, g, rate, t) => step(p, g, rate, t) - rate * 0.01 * p
  },
  adamax: () => {
    let m = 0, u = 0
    return (p, g, rate, t) => {
      m = 0.9 * m + 0.1 * g
      u = Math.max(0.999 * u, Math.abs(g) + 1e-8)
      return p - ((rate / (1 - 0.9 ** t)) * m) / u
    }
  },
  yogi: () => {
    let m = 0, v = 1e-6
    return (p, g, rate, t) => {
      m = 0.9 * m + 0.1 * g
      v -= 0.001 * Math.sign(v - g * g) * g * g
      return p - (rate * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-3)
    }
  },
  lion: () => {
    let m = 0
    return (p, g, rate) => {
      const direction = Math.sign(0.9 * m + 0.1 * g)
      m = 0.99 * m + 0.01 * g
      return p - rate * direction
    }
  },
}

describe.each(names)('%s', (name) => {
  const gradients = [0.5, -0.25, 0.125, 0.75]

  test('follows its formula from the first step on', () => {
    const server = createServerOptimizer({ name, learningRate: 0.1 }, 1)
    const params = Float32Array.of(1)
    gradients.forEach((g) => server.step(params, Float32Array.of(g)))
    const step = textbook[name]!()
    expect(params[0]).toBeCloseTo(gradients.reduce((p, g, i) => step(p, g, 0.1, i + 1), 1), 5)
  })

  test('declares a buffer of its kernel for each slot', () => {
    const { kernel } = optimizers.get(name)
    const { slots, flags } = resolveOptimizer({ name })
    const bound = Object.entries(kernel.buffers).filter(([, buffer]) => buffer.bound?.({ ...plainUpdate(64), ...flags }) ?? true).map(([key]) => key)
    expect(bound.sort()).toEqual(['grads', 'hyper', 'params', ...slots].sort())
  })

  test('the server steps as the train plan does', () => {
    const spec = zoo.get('mnist-mlp').spec
    const settings = { name, learningRate: 0.01, weightDecay: 1e-3 }
    const { plans, layout, update } = compileProgram(spec, { batchSize: 4, optimizer: settings })
    const server = createServerOptimizer(settings, layout.packedSize)
    const params = initialParams(spec, 3)
    const program = createCpuRunner().loadSync([plans.train!, plans.gradient])
    program.write('params', unpack(layout, params))
    for (let step = 1; step <= 3; step++) {
      const rng = createRng(step)
      const batch = { x: Float32Array.from({ length: 4 * 784 }, () => rng.uniform()), labels: Uint32Array.of(1, 2, 3, 4), weights: new Float32Array(4).fill(0.25) }
      program.clear('grads')
      program.run('gradient', batch)
      server.step(params, pack(layout, program.peek('grads') as Float32Array))
      program.run('train', { ...batch, ...update!.inputs(step) })
      const trained = pack(layout, program.peek('params') as Float32Array)
      expect(trained.findIndex((value, i) => value !== params[i])).toBe(-1)
    }
  })

  test('goes on from its state exactly', () => {
    const make = () => createServerOptimizer({ name, learningRate: 0.05 }, 8, { name: 'cosine', totalSteps: 10 })
    const grads = (step: number): Float32Array => Float32Array.from({ length: 8 }, (_, i) => Math.sin(step * 8 + i))
    const [whole, first, second] = [make(), make(), make()]
    const a = new Float32Array(8).fill(1), b = a.slice()
    for (let step = 0; step < 6; step++) whole.step(a, grads(step), step === 2 ? 0.5 : 1)
    for (let step = 0; step < 3; step++) first.step(b, grads(step), step === 2 ? 0.5 : 1)
    second.restore(structuredClone(first.state()))
    for (let step = 3; step < 6; step++) second.step(b, grads(step))
    expect(b).toEqual(a)
    expect(second.stepCount).toBe(6)
  })
})

test('wrong choices are refused by name', () => {
  expect(() => resolveOptimizer({ name: 'adan', learningRate: 1 })).toThrow(/Did you mean "adam"/)
  expect(() => resolveOptimizer({ name: 'sgd', learningRate: 0 })).toThrow(ConfigError)
  expect(() => resolveOptimizer({ name: 'sgd', learningRate: 1, beta1: 0.9 })).toThrow(/optimizer sgd.beta1: must be a known option/)
  expect(() => resolveOptimizer({ name: 'adam', learningRate: 1, beta2: 1 })).toThrow(/optimizer adam.beta2: must be/)
  expect(() => resolveSchedule({ name: 'cosine' })).toThrow(/totalSteps: must be .*got nothing/)
  expect(() => resolveSchedule({ name: 'cosine', totalSteps: 9, warmUpSteps: 2 })).toThrow(/warmUpSteps: must be a known option .*Did you mean "warmupSteps"/)
  expect(() => createServerOptimizer({ name: 'sgd' }, 1, { name: 'reduce-on-plateau' })).toThrow(/must be a function of the step here/)
  expect(() => resolveSchedule({ name: 'linear' })).toThrow(/learning-rate schedule: must be one of/)
})
