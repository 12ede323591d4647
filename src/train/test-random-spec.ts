// Random valid models over all layers: directed acyclic graphs of several inputs and heads, with shared and frozen params.
import { product } from '../base/math.ts'
import { createRng, permutation, type Rng } from '../base/rng.ts'
import { buildModel } from '../model/build-model.ts'
import type { HeadSpec, InputSpec, ModelSpec, NodeSpec } from '../model/spec.ts'
import { activationPeers } from './test-tfjs-layers.ts'

/** A tensor of the model so far: its shape without the batch. */
interface Value {
  readonly name: string
  readonly shape: readonly number[]
  readonly integers: boolean
}

type Options = Readonly<Record<string, unknown>>
/** Options for a node that reads `value` (and others of its shape, where the layer joins), or undefined where it cannot. */
type Generate = (rng: Rng, value: Value) => Options | undefined

const pick = <T>(rng: Rng, from: readonly T[]): T => from[rng.integer(from.length)]!
const maybe = (rng: Rng, options: Options): Options => (rng.uniform() < 0.5 ? options : {})
const kind = (rng: Rng): string => pick(rng, activationPeers)
const divisors = (size: number): readonly number[] => Array.from({ length: size }, (_, i) => i + 1).filter((d) => size % d === 0)
const real = (generate: Generate): Generate => (rng, value) => (value.integers ? undefined : generate(rng, value))
const image = (generate: Generate): Generate => real((rng, value) => (value.shape.length === 3 ? generate(rng, value) : undefined))
const sequence = (generate: (rng: Rng) => Options): Generate => real((rng, { shape }) => (shape.length === 2 && shape[0]! >= 2 && shape[0]! <= 8 ? generate(rng) : undefined))
const channels = (value: Value): number => value.shape.at(-1)!
/** An index or its like that counts from the end. */
const eitherWay = (rng: Rng, index: number, length: number): number => (index < length && rng.uniform() < 0.5 ? index - length : index)

/** One number for all directions of this many elements each, or one for each of two. */
const sized = (rng: Rng, sizes: readonly number[], one: (size: number) => number): number | readonly number[] => (sizes.length === 1 || rng.uniform() < 0.4 ? one(Math.min(...sizes)) : sizes.map(one))
const along = (values: number | readonly number[], i: number): number => (typeof values === 'number' ? values : values[i]!)

/** Rows and columns around an image, fewer than these. */
const sides = (rng: Rng, [rows, columns]: readonly [number, number]): Options => ({ top: rng.integer(rows), bottom: rng.integer(rows), left: rng.integer(columns), right: rng.integer(columns) })

function kernels(rng: Rng, value: Value, padding: unknown): Options {
  const sizes = value.shape.slice(0, -1)
  const kernel = sized(rng, sizes, (size) => 1 + rng.integer(Math.min(3, size))), dilation = sized(rng, sizes, () => 1 + rng.integer(2))
  const fits = padding !== 'valid' && typeof padding === 'string' || sizes.every((size, i) => (along(kernel, i) - 1) * along(dilation, i) < size)
  return {
    kernel, stride: sized(rng, sizes, () => 1 + rng.integer(2)), padding,
    ...(fits ? { dilation } : {}), ...maybe(rng, { activation: kind(rng) }), ...(rng.uniform() < 0.2 ? { bias: false } : {}),
  }
}

function convolution(rng: Rng, value: Value, padding: unknown): Options {
  const groups = pick(rng, [1, ...divisors(channels(value))])
  return { filters: groups * (1 + rng.integer(3)), ...(groups > 1 ? { groups } : {}), ...kernels(rng, value, padding) }
}

/** Over images and sequences; those have rows alone. */
const pool: Generate = real((rng, { shape }) => {
  if (shape.length !== 2 && shape.length !== 3) return undefined
  const sizes = shape.slice(0, -1), size = sized(rng, sizes, (length) => Math.min(length, 2 + rng.integer(2)))
  const padding = pick(rng, ['same', 'valid', sides(rng, [along(size, 0), sizes.length === 1 ? 1 : along(size, 1)])])
  return { size, padding, ...maybe(rng, { stride: sized(rng, sizes, () => 1 + rng.integer(2)) }) }
})

/** Into two or three dimensions. */
function factors(rng: Rng, elements: number): readonly number[] {
  const first = pick(rng, divisors(elements)), second = pick(rng, divisors(elements / first))
  return rng.uniform() < 0.5 ? [first, elements / first] : [first, second, elements / (first * second)]
}

/** Layers that read one tensor. */
const single: Readonly<Record<string, Generate>> = {
  'flatten': (_, { shape }) => (shape.length > 1 ? {} : undefined),
  'dense': real((rng, value) => {
    const units = 1 + rng.integer(6), thin = Math.min(units, channels(value)) - 1
    return value.shape.length > 2 ? undefined : { units, ...maybe(rng, { activation: kind(rng) }), ...maybe(rng, { bias: false }), ...(thin > 0 ? maybe(rng, { rank: thin }) : {}) }
  }),
  'conv2d': image((rng, value) => convolution(rng, value, pick(rng, ['same', 'valid', sides(rng, [3, 3])]))),
  'conv2d-transpose': image((rng, value) => convolution(rng, value, pick(rng, ['same', 'valid']))),
  'max-pool': pool,
  'average-pool': pool,
  'global-average-pool': real((_, { shape }) => (shape.length > 1 ? {} : undefined)),
  'global-max-pool': real((_, { shape }) => (shape.length > 1 ? {} : undefined)),
  'conv1d': real((rng, value) => (value.shape.length === 2 ? convolution(rng, value, pick(rng, ['same', 'valid', 'causal', { before: rng.integer(3), after: rng.integer(3) }])) : undefined)),
  'activation': real((rng) => ({ kind: kind(rng) })),
  'softmax': real((_, value) => (channels(value) >= 2 ? {} : undefined)),
  'slice': real((rng, { shape }) => {
    const axis = rng.integer(shape.length), size = shape[axis]!
    const start = rng.integer(size), end = start + 1 + rng.integer(size - start)
    return { axis: eitherWay(rng, axis, shape.length), start: eitherWay(rng, start, size), ...maybe(rng, { end: eitherWay(rng, end, size) }) }
  }),
  'reshape': real((rng, { shape }) => ({ shape: factors(rng, product(shape)) })),
  'transpose': real((rng, { shape }) => (shape.length < 2 ? undefined : { axes: [...permutation(rng, shape.length)] })),
  // Norms of two or three numbers are all kinks: ones that a rounding turns around.
  'layer-norm': real((rng, value) => (channels(value) >= 4 ? norm(rng) : undefined)),
  'rms-norm': real((rng, value) => (channels(value) >= 2 ? norm(rng) : undefined)),
  'group-norm': real((rng, { shape }) => (product(shape) >= 8 && shape.length > 1 ? { groups: pick(rng, divisors(shape.at(-1)!).filter((groups) => product(shape) / groups >= 4)), ...norm(rng) } : undefined)),
  'batch-norm': real((rng, { shape }) => (product(shape.slice(0, -1)) >= 4 ? norm(rng) : undefined)),
  'embedding': (rng, { integers }) => (integers ? { vocabulary: VOCABULARY, units: 2 + rng.integer(5) } : undefined),
  'attention': real((rng, { shape }) => (shape.length === 2 ? { heads: pick(rng, divisors(shape[1]!)), ...maybe(rng, { causal: true }), ...maybe(rng, { bias: false }) } : undefined)),
  'lstm': sequence((rng) => recurrent(rng)),
  'gru': sequence((rng) => recurrent(rng)),
  'dropout': real((rng) => ({ rate: 0.1 + 0.5 * rng.uniform() })),
  'positional-embedding': real((_, { shape }) => (shape.length === 2 ? {} : undefined)),
}

const norm = (rng: Rng): Options => ({ ...maybe(rng, { affine: false }), ...maybe(rng, { epsilon: 0.01 }) })
const recurrent = (rng: Rng): Options => ({ units: 1 + rng.integer(4), ...maybe(rng, { sequences: true }), ...maybe(rng, { bias: false }) })

/** Layers that read two tensors of one shape. */
const joining: Readonly<Record<string, Generate>> = {
  'add': (rng) => maybe(rng, { activation: kind(rng) }),
  'multiply': () => ({}),
  'dot': () => ({}),
  'concat': (rng, { shape }) => maybe(rng, { axis: eitherWay(rng, rng.integer(shape.length), shape.length) }),
}

const VOCABULARY = 7
/** What they do when frozen is what they do when not training; TensorFlow.js's side only trains. */
const TRAINING = new Set(['batch-norm', 'dropout'])
const INPUTS: readonly InputSpec[] = [[6, 5, 2], [4, 4, 3], [5, 3, 4], [7], [5, 4], { shape: [6], below: VOCABULARY }, { shape: [], below: VOCABULARY }]
/** Elements of a tensor, at most: the libraries compared are slow ones. */
const LARGEST = 400

export function randomSpec(seed: string): ModelSpec {
  const rng = createRng(seed)
  const inputs = Object.fromEntries(Array.from({ length: 1 + rng.integer(2) }, (_, i) => [`x${i}`, pick(rng, INPUTS)]))
  const graph: Graph = { nodes: [], values: Object.entries(inputs).map(([name, declared]) => ('below' in declared ? { name, shape: declared.shape, integers: true } : { name, shape: declared, integers: false })), read: new Set() }
  for (const value of [...graph.values]) if (value.integers && rng.uniform() < 0.8) append(graph, { layer: 'embedding', from: [value], options: single['embedding']!(rng, value)! })
  for (let tries = 6 + rng.integer(14); tries > 0; tries--) grow(graph, rng)
  const loose = graph.values.filter(({ name }) => !graph.read.has(name))
  const ends = loose.map((value) => (value.integers ? append(graph, { layer: 'embedding', from: [value], options: { vocabulary: VOCABULARY, units: 3 } }) : value)).map((value) => (value.shape.length > 1 ? append(graph, { layer: 'flatten', from: [value], options: {} }) : value))
  const joined = ends.length === 1 ? ends[0]! : append(graph, { layer: 'concat', from: ends, options: {} })
  const output = append(graph, { layer: 'dense', from: [joined], options: { units: 4 } })
  return { name: seed.replaceAll(' ', '-'), inputs, nodes: graph.nodes, output: output.name, ...(rng.uniform() < 0.4 ? { heads: heads(graph, { rng, output, joined }) } : {}) }
}

interface Graph {
  readonly nodes: NodeSpec[]
  readonly values: Value[]
  readonly read: Set<string>
}

/** Adds a random node that fits; none where the dice say so. */
function grow(graph: Graph, rng: Rng): void {
  // Late tensors first, so that graphs become deep as well as wide.
  const value = graph.values[Math.max(rng.integer(graph.values.length), rng.integer(graph.values.length))]!
  const partner = graph.values.find((other) => other !== value && !other.integers && other.shape.join() === value.shape.join())
  if (partner !== undefined && !value.integers && rng.uniform() < 0.25) {
    const layer = pick(rng, Object.keys(joining))
    append(graph, { layer, from: [value, partner], options: joining[layer]!(rng, value)! }, LARGEST)
    return
  }
  const longer = graph.values.find((other) => !other.integers && differing(other, value).length === 1)
  if (longer !== undefined && !value.integers && rng.uniform() < 0.1) {
    const axis = eitherWay(rng, differing(longer, value)[0]!, value.shape.length)
    append(graph, { layer: 'concat', from: [value, longer], options: { axis } }, LARGEST)
    return
  }
  const twin = graph.nodes.find(({ layer, from, shares }) => layer === 'dense' && shares === undefined && graph.values.find(({ name }) => name === from![0])!.shape.join() === value.shape.join())
  if (twin !== undefined && !value.integers && rng.uniform() < 0.4) {
    append(graph, { layer: 'dense', from: [value], options: twin.options!, shares: twin.name }, LARGEST)
    return
  }
  const layer = pick(rng, Object.keys(single))
  const options = single[layer]!(rng, value)
  if (options !== undefined) append(graph, { layer, from: [value], options, ...(rng.uniform() < 0.1 && !TRAINING.has(layer) ? { frozen: true } : {}) }, LARGEST)
}

/** The axes along which two tensors of one rank differ. */
function differing(a: Value, b: Value): readonly number[] {
  return a.shape.length !== b.shape.length ? [] : a.shape.flatMap((size, i) => (size === b.shape[i] ? [] : [i]))
}

interface Addition {
  readonly layer: string
  readonly from: readonly Value[]
  readonly options: Options
  readonly shares?: string
  readonly frozen?: boolean
}

/** The builder says what shape comes out; nothing is added where that is larger than `largest`. */
function append(graph: Graph, { layer, from, options, ...flags }: Addition, largest = Infinity): Value {
  const name = `n${graph.nodes.length}`
  const node: NodeSpec = { name, layer, from: from.map((value) => value.name), options, ...flags }
  const shape = shapeOf(node, from)
  const value = { name, shape, integers: layer === 'flatten' && from[0]!.integers }
  if (product(shape) > largest) return from[0]!
  graph.nodes.push(node)
  graph.values.push(value)
  for (const each of from) graph.read.add(each.name)
  return value
}

/** What the builder makes of the node, in a model of its own. */
function shapeOf({ name, layer, options }: NodeSpec, from: readonly Value[]): readonly number[] {
  const inputs = Object.fromEntries(from.map(({ shape, integers }, i): [string, InputSpec] => [`x${i}`, integers ? { shape, below: VOCABULARY } : shape]))
  const integers = layer === 'flatten' && from[0]!.integers
  const nodes: readonly NodeSpec[] = [
    { name, layer, from: Object.keys(inputs), options: options! },
    ...(integers ? [{ name: 'vectors', layer: 'embedding', options: { vocabulary: VOCABULARY, units: 1 } }] : []),
    { name: 'flatten', layer: 'flatten' },
    { name: 'out', layer: 'dense', options: { units: 2 } },
  ]
  return buildModel({ name: 'probe', inputs, nodes, output: 'out' }, 1).tensors.get(name)!.shape.slice(1)
}

function heads(graph: Graph, { rng, output, joined }: { rng: Rng; output: Value; joined: Value }): readonly HeadSpec[] {
  const loss = pick(rng, [{ name: 'mean-squared-error' }, { name: 'mean-absolute-error' }, { name: 'huber', delta: 0.7 }, { name: 'binary-cross-entropy' }, { name: 'distillation', temperature: 3 }])
  const second = append(graph, { layer: 'dense', from: [joined], options: { units: 3 } })
  return [
    { name: 'first', from: output.name, target: 'first-labels', loss: { name: 'softmax-cross-entropy', labelSmoothing: 0.1 } },
    { name: 'second', from: second.name, target: 'second-labels', weight: 0.3, loss: { name: 'softmax-cross-entropy', classWeights: [1, 2, 0.5] } },
    { name: 'third', from: joined.name, target: 'third-target', weight: 2, loss },
  ]
}

const nodeWith = (layer: string, has: (options: Options) => boolean) => ({ nodes }: ModelSpec): boolean => nodes.some((node) => node.layer === layer && has(node.options ?? {}))
const isPadded = ({ padding }: Options): boolean => typeof padding === 'object' && Object.values(padding as object).some((rows) => rows > 0)
const isOblong = (key: string) => (options: Options): boolean => Array.isArray(options[key]) && options[key][0] !== options[key][1]
const isPlain = ({ affine }: Options): boolean => affine === false
const dilates = ({ dilation = 1 }: Options): boolean => [dilation].flat().some((step) => step !== 1)

/** What a long list of specs is to have besides every layer. */
const FEATURES: Readonly<Record<string, (spec: ModelSpec) => boolean>> = {
  'several inputs': ({ inputs }) => Object.keys(inputs).length > 1,
  'several heads': (spec) => (spec.heads?.length ?? 1) > 1,
  'shared params': ({ nodes }) => nodes.some(({ shares }) => shares !== undefined),
  'frozen params': ({ nodes }) => nodes.some(({ frozen }) => frozen === true),
  ...Object.fromEntries(['conv1d', 'conv2d', 'max-pool', 'average-pool'].map((layer) => [`${layer} padded by numbers`, nodeWith(layer, isPadded)])),
  ...Object.fromEntries(['conv2d', 'conv2d-transpose'].flatMap((layer) => ['kernel', 'stride', 'dilation'].map((key) => [`${layer} with an oblong ${key}`, nodeWith(layer, isOblong(key))]))),
  ...Object.fromEntries(['max-pool', 'average-pool'].map((layer) => [`${layer} with an oblong size`, nodeWith(layer, isOblong('size'))])),
  ...Object.fromEntries(['conv1d', 'conv2d', 'conv2d-transpose'].flatMap((layer) => [[`${layer} in groups`, nodeWith(layer, ({ groups }) => groups !== undefined)], [`${layer} with dilation`, nodeWith(layer, dilates)]])),
  ...Object.fromEntries(['layer-norm', 'rms-norm', 'group-norm', 'batch-norm'].map((layer) => [`${layer} without params`, nodeWith(layer, isPlain)])),
  'concat along any axis': nodeWith('concat', ({ axis = -1 }) => axis !== -1),
  ...Object.fromEntries(['axis', 'start', 'end'].map((key) => [`slice with ${key} from the end`, nodeWith('slice', (options) => Number(options[key]) < 0)])),
}

/** Names of the features that no spec of the list has. */
export const lacking = (specs: readonly ModelSpec[]): readonly string[] => Object.keys(FEATURES).filter((name) => !specs.some((spec) => FEATURES[name]!(spec)))
