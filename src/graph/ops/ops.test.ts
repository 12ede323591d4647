// Every op of the registry: its gradient on the CPU in double precision against central finite differences.
import { describe, expect, test } from 'vitest'
import { product } from '../../base/math.ts'
import { createRng, type Rng } from '../../base/rng.ts'
import { createCpuRunner } from '../../cpu/runner.ts'
import { compilePlan } from '../compile.ts'
import { differentiate, reachable } from '../differentiate.ts'
import { input } from '../sources.ts'
import type { OpProbe, ProbeInput, Tensor } from '../tensor.ts'
import { add } from './pointwise.ts'
import { biasAdd } from './bias-add.ts'
import { conv2d } from './conv2d.ts'
import { ops } from './index.ts'
import { matmul } from './matmul.ts'
import { maxPool } from './max-pool.ts'
import { sum } from './reduce.ts'
import { reshape } from './reshape.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'

type Data = Float64Array | Uint32Array

const STEP = 1e-5

/** Distinct values away from kinks: two elements never lie within a finite-difference step of each other or of 0. */
function sample({ shape, below }: ProbeInput, rng: Rng): Data {
  if (below !== undefined) return Uint32Array.from({ length: product(shape) }, () => rng.integer(below))
  return Float64Array.from({ length: product(shape) }, () => {
    const value = 2 * rng.uniform() - 1
    return value + Math.sign(value) * 0.05
  })
}

function evaluate(outputs: Readonly<Record<string, Tensor>>, data: Readonly<Record<string, Data>>): Readonly<Record<string, Float64Array>> {
  const plan = compilePlan({ name: 'probe', outputs })
  const program = createCpuRunner({ precision: 'f64' }).loadSync([plan])
  program.run('probe', Object.fromEntries(Object.keys(plan.inputs).map((name) => [name, data[name]!])))
  return Object.fromEntries(Object.keys(outputs).map((name) => [name, Float64Array.from(program.peekOutput('probe', name))]))
}

interface Probed {
  readonly output: Tensor
  readonly gradients: Readonly<Record<string, Tensor>>
  readonly data: Readonly<Record<string, Data>>
}

function probeGraph(probe: OpProbe, implicitOnes: boolean, seed: string): Probed {
  const rng = createRng(seed)
  const tensors = probe.inputs.map(({ shape, below }, i) => input(`in${i}`, shape, below === undefined ? 'f32' : 'u32'))
  const output = probe.build(tensors)
  const wrt = tensors.filter((_, i) => probe.inputs[i]!.constant !== true)
  const gradients = implicitOnes ? differentiate({ of: output, wrt }) : differentiate({ of: output, upstream: input('upstream', output.shape), wrt })
  const data = Object.fromEntries(probe.inputs.map((declared, i) => [`in${i}`, sample(declared, rng)]))
  const upstream = implicitOnes ? new Float64Array(product(output.shape)).fill(1) : sample({ shape: output.shape }, rng)
  return { output, gradients: Object.fromEntries(wrt.map((tensor, i) => [String(tensor.node.attrs['name']), gradients[i]!])), data: { ...data, upstream } }
}

function checkGradients({ output, gradients, data }: Probed): void {
  const computed = evaluate(gradients, data)
  const objective = (changed: Readonly<Record<string, Data>>): number => evaluate({ y: output }, changed)['y']!.reduce((sum, y, i) => sum + y * data['upstream']![i]!, 0)
  for (const [name, gradient] of Object.entries(computed)) {
    const at = data[name]!
    const numeric = Float64Array.from(at, (_, i) => {
      const moved = (by: number): number => objective({ ...data, [name]: at.map((value, j) => (j === i ? value + by : value)) as Data })
      return (moved(STEP) - moved(-STEP)) / (2 * STEP)
    })
    const scale = Math.max(1, ...numeric.map(Math.abs))
    numeric.forEach((value, i) => expect(Math.abs(gradient[i]! - value) / scale, `${name}[${i}]: ${gradient[i]} against ${value}`).toBeLessThan(1e-7))
    expect(Math.max(...numeric.map(Math.abs)), `${name} has an influence`).toBeGreaterThan(1e-3)
  }
}

const usedByGradients = new Set(ops.entries().flatMap(([, op]) => op.probes).flatMap((probe) => {
  const { output, gradients } = probeGraph(probe, false, 'use')
  const wrt = reachable([output.node]).flatMap((node) => node.outputs).filter((tensor) => String(tensor.node.attrs['name']) in gradients)
  const summed = differentiate({ of: output, wrt })
  return reachable([...Object.values(gradients), ...summed].map(({ node }) => node)).map(({ op }) => op)
}))

describe.each(ops.entries())('%s', (_name, op) => {
  test('is probed, or is part of a gradient that is', () => {
    if (op.gradient === undefined) expect(usedByGradients.has(op)).toBe(true)
    else expect(op.probes.length).toBeGreaterThan(0)
  })

  test.each(op.probes.map((probe, i) => [i, probe] as const))('gradient of probe %i equals finite differences', (i, probe) => {
    const probed = probeGraph(probe, false, `probe ${i}`)
    expect(reachable([probed.output.node]).some(({ op: used }) => used === op)).toBe(true)
    checkGradients(probed)
  })

  if (op.implicitOnes === true) {
    test.each(op.probes)('gradient of the sum needs no upstream', (probe) => checkGradients(probeGraph(probe, true, 'ones')))
  }
})

test('a tensor that is used several times gets the sum of its gradients', () => {
  checkGradients(probeGraph({ inputs: [{ shape: [4, 4] }], build: ([x]) => add(matmul(x!, x!), x!) }, false, 'shared'))
})

test('several tensors are differentiated as the sum of all their elements', () => {
  const x = input('in0', [3, 2])
  const [gradient] = differentiate({ of: [add(x, x), reshape(x, [6])], wrt: [x] })
  expect([...evaluate({ gradient: gradient! }, { in0: new Float64Array(6) })['gradient']!]).toEqual([3, 3, 3, 3, 3, 3])
})

test('asking for a gradient that does not exist says why', () => {
  const x = input('x', [4, 3])
  const { loss } = softmaxCrossEntropy(x, input('labels', [4], 'u32'), input('weights', [4]))
  expect(() => differentiate({ of: loss, wrt: [input('unrelated', [2])] })).toThrow(/input \[2\]: must influence softmax-cross-entropy/)
  expect(() => differentiate({ of: add(x, x), upstream: input('u', [3, 4]), wrt: [x] })).toThrow(/must have its shape \[4, 3\], got \[3, 4\]/)
})

test('shapes that do not fit are refused with both shapes and the remedy', () => {
  const [a, b] = [input('a', [2, 3]), input('b', [4, 5])]
  const image = input('image', [1, 4, 4, 2])
  expect(() => matmul(a, b)).toThrow(/got \[2, 3\] and \[4, 5\]. Transpose/)
  expect(() => add(a, b)).toThrow(/got \[2, 3\] and \[4, 5\]. Reshape/)
  expect(() => biasAdd(a, b)).toThrow(/got \[2, 3\] and \[4, 5\]. Give the bias shape \[3\]/)
  expect(() => reshape(a, [4])).toThrow(/got \[2, 3\] and \[4\]. Choose a shape of 6 elements/)
  expect(() => conv2d(image, input('w', [3, 3, 1, 8]), { stride: [1, 1], padding: [0, 0, 0, 0] })).toThrow(/got \[1, 4, 4, 2\] and \[3, 3, 1, 8\]. Give the filter 2 channels/)
  expect(() => conv2d(image, input('w', [5, 5, 2, 8]), { stride: [1, 1], padding: [0, 0, 0, 0] })).toThrow(/smaller kernel or more padding/)
  expect(() => maxPool(image, { size: [5, 5], stride: [1, 1] })).toThrow(/got \[1, 4, 4, 2\] and \[5, 5\]. Use a smaller window/)
  expect(() => sum(a, 2)).toThrow(/got axis 2 of \[2, 3\]. Choose 0 to 1/)
})
