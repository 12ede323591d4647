// Compares the gradients of a whole model with TensorFlow.js's, for random params and examples.
import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'
import { floatBits, product } from '../base/math.ts'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import type { HostArray } from '../graph/plan.ts'
import { dropout } from '../kernels/dropout.ts'
import { METRICS } from '../kernels/reduce.ts'
import { initialParams } from '../model/initial-params.ts'
import { pack, unpack, type Layout } from '../model/layout.ts'
import type { ModelSpec, NodeSpec } from '../model/spec.ts'
import { compileProgram, type CompiledProgram } from './program.ts'
import { portsOf } from './host-batches.ts'
import { layerPeers } from './test-tfjs-layers.ts'
import { lossPeers } from './test-tfjs-losses.ts'

export interface Comparison {
  readonly batchSize: number
  readonly seed?: string
  /** Of the difference, relative to the norm of the gradient. */
  readonly tolerance?: number
  /** Inputs of the caller's, where random normal ones do not serve. */
  readonly inputs?: Readonly<Record<string, HostArray>>
}

/** Throws where the loss or the gradient of any param differs. */
export function compareWithTfjs(spec: ModelSpec, { batchSize, seed = spec.name, tolerance = 1e-4, inputs = {} }: Comparison): void {
  const compiled = compileProgram(spec, { batchSize })
  const { plans, layout } = compiled
  const params = randomParams(spec, layout, seed)
  const examples = { ...randomExamples(compiled, seed), ...inputs }
  const program = createCpuRunner({ precision: 'f64' }).loadSync([plans.gradient])
  program.write('params', unpack(layout, params))
  program.run('gradient', { ...examples, weights: new Float32Array(batchSize).fill(1) })
  const ours = pack(layout, program.peek('grads') as Float64Array)
  const theirs = tf.tidy(() => peerGradients({ spec, layout, params, examples, batchSize }))
  expect(program.peek('metrics')[METRICS.loss]! / theirs.loss, 'loss').toBeCloseTo(1, 4)
  for (const { name, packedOffset, size, role } of layout.entries.filter((entry) => entry.role === 'param')) {
    expect(role).toBe('param')
    const gradient = theirs.grads[name]!
    let difference = 0, norm = 0
    for (let j = 0; j < size; j++) {
      difference += (ours[packedOffset + j]! - gradient[j]!) ** 2
      norm += gradient[j]! ** 2
    }
    // Some gradients are zero by nature: that of a bias before batch norm.
    expect(Math.sqrt(difference), `${name}, norm ${Math.sqrt(norm)}`).toBeLessThan(tolerance * (Math.sqrt(norm) + 1e-3 * theirs.norm))
  }
  expect(theirs.norm).toBeGreaterThan(0)
}

interface PeerRun {
  readonly spec: ModelSpec
  readonly layout: Layout
  readonly params: Float32Array
  readonly examples: Readonly<Record<string, HostArray>>
  readonly batchSize: number
}

function peerGradients({ spec, layout, params, examples, batchSize }: PeerRun): { loss: number; grads: Readonly<Record<string, Float32Array>>; norm: number } {
  const values = layout.entries.map(({ packedOffset, size, shape }) => tf.tensor(params.subarray(packedOffset, packedOffset + size), [...shape]))
  const trained = layout.entries.flatMap(({ role }, i) => (role === 'param' ? [i] : []))
  const lossOf = (...given: tf.Tensor[]): tf.Scalar => {
    const named = new Map(layout.entries.map(({ name }, i) => [name, values[i]!]))
    trained.forEach((index, i) => named.set(layout.entries[index]!.name, given[i]!))
    const tensors = applyNodes(spec, named, (name) => exampleTensor(spec, { name, data: examples[name]!, batchSize }))
    const heads = spec.heads ?? [{ name: 'labels', loss: { name: 'softmax-cross-entropy' } }]
    const losses = heads.map(({ from = spec.output, target = 'labels', weight = 1, loss: { name, ...options } }) => {
      const output = tensors.get(from)!
      const compared = target in spec.inputs ? tensors.get(target)! : targetTensor(examples[target]!, output.shape)
      return tf.mul(tf.sum(lossPeers[name]!({ output, target: compared, options })), weight)
    })
    return losses.reduce((sum, each) => tf.add(sum, each)) as tf.Scalar
  }
  const { value, grads } = tf.valueAndGrads(lossOf)(trained.map((index) => values[index]!))
  const arrays = grads.map((gradient) => gradient.dataSync() as Float32Array)
  const norm = Math.sqrt(arrays.reduce((sum, array) => sum + array.reduce((total, each) => total + each * each, 0), 0))
  return { loss: value.dataSync()[0]!, grads: Object.fromEntries(trained.map((index, i) => [layout.entries[index]!.name, arrays[i]!])), norm }
}

function applyNodes(spec: ModelSpec, params: ReadonlyMap<string, tf.Tensor>, inputOf: (name: string) => tf.Tensor): ReadonlyMap<string, tf.Tensor> {
  const tensors = new Map(Object.keys(spec.inputs).map((name) => [name, inputOf(name)]))
  let previous = Object.keys(spec.inputs)[0]!
  let stream = 0
  for (const node of spec.nodes) {
    const { name, layer, options = {}, from = [previous] } = node
    const peer = layerPeers[layer]
    if (peer === undefined) throw new Error(`no peer for layer ${layer}`)
    const owner = ownerOf(node, spec.nodes)
    tensors.set(name, peer({ inputs: from.map((each) => tensors.get(each)!), options, param: (key) => params.get(`${owner}/${key}`), mask: (size, rate) => maskOf(size, rate, stream++) }))
    previous = name
  }
  return tensors
}

function ownerOf(node: NodeSpec, nodes: readonly NodeSpec[]): string {
  return node.shares === undefined ? node.name : ownerOf(nodes.find(({ name }) => name === node.shares)!, nodes)
}

const RANDOM = Uint32Array.of(11, 12, 13, 0)

function maskOf(size: number, rate: number, stream: number): Float32Array {
  const mask = new Float32Array(size)
  dropout.reference({ SIZE: size, STREAM: stream, THRESHOLD: Math.floor(rate * 2 ** 32), SCALE: floatBits(1 / (1 - rate)) }, { x: new Float32Array(size).fill(1), random: RANDOM, y: mask })
  return mask
}

function exampleTensor({ inputs }: ModelSpec, { name, data, batchSize }: { name: string; data: HostArray; batchSize: number }): tf.Tensor {
  const declared = inputs[name]!
  const shape = [batchSize, ...('below' in declared ? declared.shape : declared)]
  return 'below' in declared ? tf.tensor(Int32Array.from(data), shape, 'int32') : tf.tensor(data as Float32Array, shape)
}

/** Class numbers, of positions or examples, or real numbers in the output's shape. */
function targetTensor(data: HostArray, output: readonly number[]): tf.Tensor {
  if (data instanceof Uint32Array) return tf.tensor(Int32Array.from(data), data.length === output[0] ? [data.length] : output.slice(0, -1), 'int32')
  return tf.tensor(data, data.length === product(output) ? [...output] : [output[0]!])
}

/** As they begin, but with biases and the like away from where they would hide themselves. */
function randomParams(spec: ModelSpec, layout: Layout, seed: string): Float32Array {
  const params = initialParams(spec, seed)
  const rng = createRng(`${seed} biases`)
  for (const { shape, packedOffset, size } of layout.entries) if (shape.length === 1) for (let i = 0; i < size; i++) params[packedOffset + i]! += 0.1 * rng.normal()
  return params
}

function randomExamples({ model, plans }: CompiledProgram, seed: string): Readonly<Record<string, HostArray>> {
  return Object.fromEntries(Object.entries(portsOf(model, plans.gradient)).map(([name, { shape, element, below }]) => {
    if (name === 'random') return [name, RANDOM]
    const rng = createRng(`${seed} ${name}`)
    const length = product([plans.gradient.inputs[name]!.shape[0]!, ...shape])
    return [name, element === 'u32' ? Uint32Array.from({ length }, () => rng.integer(below ?? 2)) : Float32Array.from({ length }, () => rng.normal())]
  }))
}
