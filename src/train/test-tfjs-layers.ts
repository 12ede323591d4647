// Every layer as TensorFlow.js would compute it in training, put together from its own ops: the other side of tfjs.test.ts.
import * as tf from '@tensorflow/tfjs'

export type Options = Readonly<Record<string, unknown>>

export interface PeerNode {
  readonly inputs: readonly tf.Tensor[]
  readonly options: Options
  /** `weight`, `bias`, …; undefined where the node has no such tensor. */
  readonly param: (name: string) => tf.Tensor | undefined
  /** What our generator makes of ones: 0 or 1 / (1 - rate), as TensorFlow.js cannot draw our numbers. */
  readonly mask: (size: number, rate: number) => Float32Array
}

const number = (options: Options, key: string, absent: number): number => (options[key] as number | undefined) ?? absent
const axisOf = (x: tf.Tensor, axis: number): number => (axis < 0 ? x.rank + axis : axis + 1)

const activations: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  'linear': (x) => x,
  'relu': tf.relu,
  'tanh': tf.tanh,
  'sigmoid': tf.sigmoid,
  'leaky-relu': (x) => tf.leakyRelu(x, 0.01),
  'elu': tf.elu,
  'softplus': tf.softplus,
  'silu': (x) => tf.mul(x, tf.sigmoid(x)),
  'gelu': (x) => tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3))))))),
  'gelu-erf': (x) => tf.mul(tf.mul(0.5, x), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2)))),
}
/** Names of activations that have a peer. */
export const activationPeers = Object.keys(activations)

const act = (x: tf.Tensor, name: unknown): tf.Tensor => activations[(name as string | undefined) ?? 'linear']!(x)
const addBias = (x: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor => (bias === undefined ? x : tf.add(x, bias))
const epilogue = (x: tf.Tensor, { options, param }: PeerNode): tf.Tensor => act(addBias(x, param('bias')), options['activation'])

/** The last dimension of rank-2 and rank-3 tensors times a matrix. */
function times(x: tf.Tensor, matrix: tf.Tensor): tf.Tensor {
  const rows = tf.reshape(x, [-1, x.shape.at(-1)!]) as tf.Tensor2D
  return tf.reshape(tf.matMul(rows, matrix as tf.Tensor2D), [...x.shape.slice(0, -1), matrix.shape[1]!])
}

/** (x - mean) / sqrt(variance + epsilon) over `axes`, then scale and bias. */
function normalise(x: tf.Tensor, axes: number[], { options, param }: PeerNode, centred = true): tf.Tensor {
  const mean = centred ? tf.mean(x, axes, true) : tf.scalar(0)
  const centre = tf.sub(x, mean)
  const variance = tf.mean(tf.square(centre), axes, true)
  return affine(tf.div(centre, tf.sqrt(tf.add(variance, number(options, 'epsilon', centred ? 1e-5 : 1e-6)))), param)
}

function affine(x: tf.Tensor, param: PeerNode['param']): tf.Tensor {
  const scale = param('scale')
  return addBias(scale === undefined ? x : tf.mul(x, scale), param('bias'))
}

function groupNorm(node: PeerNode): tf.Tensor {
  const x = node.inputs[0]!, channels = x.shape.at(-1)!, groups = number(node.options, 'groups', 1)
  const grouped = tf.reshape(x, [x.shape[0]!, -1, groups, channels / groups])
  return affine(tf.reshape(normalise(grouped, [1, 3], { ...node, param: () => undefined }), x.shape), node.param)
}

/** With all of the T x T scores in memory. */
function attention({ inputs: [x], options, param }: PeerNode): tf.Tensor {
  const [B, T, D] = x!.shape as [number, number, number], heads = number(options, 'heads', 1), size = D / heads
  const projected = tf.reshape(addBias(times(x!, param('qkv')!), param('qkv-bias')), [B, T, 3, heads, size])
  const [queries, keys, values] = tf.unstack(tf.transpose(projected, [2, 0, 3, 1, 4])) as [tf.Tensor, tf.Tensor, tf.Tensor]
  const future = tf.tensor(Float32Array.from({ length: T * T }, (_, i) => (options['causal'] === true && i % T > Math.floor(i / T) ? -1e9 : 0)), [T, T])
  const scores = tf.add(tf.div(tf.matMul(queries, keys, false, true), Math.sqrt(size)), future)
  const mixed = tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), values), [0, 2, 1, 3]), [B, T, D])
  return addBias(times(mixed, param('out')!), param('out-bias'))
}

/** The steps of [B, T, gates * H] one after another; `step` gives the next state from the step's input and the state before. */
function recur(node: PeerNode, step: (x: tf.Tensor, state: readonly tf.Tensor[]) => readonly tf.Tensor[], states: number): tf.Tensor {
  const projected = addBias(times(node.inputs[0]!, node.param('weight')!), node.param('bias')), units = node.param('recurrent')!.shape[0]!
  let state: readonly tf.Tensor[] = Array.from({ length: states }, () => tf.zeros([projected.shape[0]!, units]))
  const outputs = tf.unstack(projected, 1).map((x) => (state = step(x, state))[0]!)
  return node.options['sequences'] === true ? tf.stack(outputs, 1) : outputs.at(-1)!
}

function lstm(node: PeerNode): tf.Tensor {
  return recur(node, (x, [y, cell]) => {
    const [i, f, g, o] = tf.split(tf.add(x, tf.matMul(y as tf.Tensor2D, node.param('recurrent') as tf.Tensor2D)), 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
    const next = tf.add(tf.mul(tf.sigmoid(tf.add(f, 1)), cell!), tf.mul(tf.sigmoid(i), tf.tanh(g)))
    return [tf.mul(tf.sigmoid(o), tf.tanh(next)), next]
  }, 2)
}

function gru(node: PeerNode): tf.Tensor {
  return recur(node, (x, [y]) => {
    const [xr, xz, xn] = tf.split(x, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor]
    const [hr, hz, hn] = tf.split(tf.matMul(y as tf.Tensor2D, node.param('recurrent') as tf.Tensor2D), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor]
    const z = tf.sigmoid(tf.add(xz, hz)), n = tf.tanh(tf.add(xn, tf.mul(tf.sigmoid(tf.add(xr, hr)), hn)))
    return [tf.add(tf.mul(tf.sub(1, z), n), tf.mul(z, y!))]
  }, 1)
}

type Pair = readonly [number, number]
/** Rows and columns, given as one number or as two. */
function pairOf(options: Options, key: string, absent: number | Pair): Pair {
  const given = (options[key] as number | Pair | undefined) ?? absent
  return typeof given === 'number' ? [given, given] : given
}

type Sides = 'same' | 'valid'
interface Padding { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number }

/** The image with what is put at each of its sides, where that is given in numbers, and what TensorFlow.js is to add itself. */
function framed(image: tf.Tensor, padding: unknown, value = 0): { readonly image: tf.Tensor4D; readonly padding: Sides } {
  if (typeof padding === 'string') return { image: image as tf.Tensor4D, padding: padding as Sides }
  const { top, bottom, left, right } = padding as Padding
  return { image: tf.pad(image, [[0, 0], [top, bottom], [left, right], [0, 0]], value) as tf.Tensor4D, padding: 'valid' }
}

/** Zeros between the rows and columns of filters, as TensorFlow.js cannot differentiate a dilated convolution. */
function spread(filters: tf.Tensor, [DH, DW]: Pair): tf.Tensor4D {
  const [KH, KW, C, F] = filters.shape as [number, number, number, number]
  if (DH === 1 && DW === 1) return filters as tf.Tensor4D
  const apart = tf.pad(tf.reshape(filters, [KH, 1, KW, 1, C, F]), [[0, 0], [0, DH - 1], [0, 0], [0, DW - 1], [0, 0], [0, 0]])
  return tf.slice(tf.reshape(apart, [KH * DH, KW * DW, C, F]), [0, 0, 0, 0], [(KH - 1) * DH + 1, (KW - 1) * DW + 1, C, F]) as tf.Tensor4D
}

/** The channels of each group by the filters of that group, which TensorFlow.js knows nothing of. */
function inGroups(image: tf.Tensor, weight: tf.Tensor, groups: number, convolve: (part: tf.Tensor4D, filters: tf.Tensor4D) => tf.Tensor): tf.Tensor {
  // tf.split into one part cannot be differentiated.
  if (groups === 1) return convolve(image as tf.Tensor4D, weight as tf.Tensor4D)
  const filters = tf.split(weight, groups, 3) as tf.Tensor4D[]
  return tf.concat((tf.split(image, groups, 3) as tf.Tensor4D[]).map((part, g) => convolve(part, filters[g]!)), 3)
}

function convolution({ inputs: [x], options, param }: PeerNode): tf.Tensor {
  const stride = pairOf(options, 'stride', 1), dilation = pairOf(options, 'dilation', 1)
  const { image, padding } = framed(x!, options['padding'] ?? 'same')
  return inGroups(image, param('weight')!, number(options, 'groups', 1), (part, filters) => tf.conv2d(part, spread(filters, dilation), [...stride], padding))
}

/** As an image of one row. */
function sequenceConvolution({ inputs: [x], options, param }: PeerNode): tf.Tensor {
  const weight = tf.expandDims(param('weight')!, 0), dilation = number(options, 'dilation', 1), given = options['padding'] ?? 'same'
  const ends = given === 'causal' ? { before: (weight.shape[1]! - 1) * dilation, after: 0 } : given as { before: number; after: number } | Sides
  const padding = typeof ends === 'string' ? ends : { top: 0, bottom: 0, left: ends.before, right: ends.after }
  const flat = { ...options, padding, stride: [1, number(options, 'stride', 1)], dilation: [1, dilation] }
  return tf.squeeze(convolution({ inputs: [tf.expandDims(x!, 1)], options: flat, param: () => weight, mask: noMask }), [1])
}

const noMask = (): never => { throw new Error('a convolution drops nothing') }

function transposedConvolution({ inputs: [x], options, param }: PeerNode): tf.Tensor {
  const weight = param('weight')!, stride = pairOf(options, 'stride', 1), dilation = pairOf(options, 'dilation', 1)
  const padding = (options['padding'] as Sides | undefined) ?? 'same'
  const rows = (i: 0 | 1): number => x!.shape[i + 1]! * stride[i] + (padding === 'same' ? 0 : Math.max((weight.shape[i]! - 1) * dilation[i] + 1 - stride[i], 0))
  return inGroups(x!, weight, number(options, 'groups', 1), (part, filters) =>
    tf.conv2dTranspose(part, spread(filters, dilation), [x!.shape[0]!, rows(0), rows(1), weight.shape[2]!], [...stride], padding))
}

interface PoolWindows {
  readonly size: Pair
  readonly stride: Pair
  readonly padding: unknown
}

/** Of an image, or of a sequence as an image of one column. */
function pooled({ inputs: [x], options }: PeerNode, pool: (image: tf.Tensor, windows: PoolWindows) => tf.Tensor): tf.Tensor {
  const size = pairOf(options, 'size', 2), stride = pairOf(options, 'stride', size), padding = options['padding'] ?? 'valid'
  if (x!.rank === 4) return pool(x!, { size, stride, padding })
  return tf.squeeze(pool(tf.expandDims(x!, 2), { size: [size[0], 1], stride: [stride[0], 1], padding }), [2])
}

/** Below all that occurs, so that it never wins. */
const LOW = -1e30

function largest(x: tf.Tensor, { size, stride, padding: sides }: PoolWindows): tf.Tensor {
  const { image, padding } = framed(x, sides, LOW)
  return tf.maxPool(image, [...size], [...stride], padding)
}

/** What is added counts for nothing; TensorFlow.js's own gradient divides by the whole window there, its forward pass does not. */
function mean(x: tf.Tensor, { size, stride, padding: sides }: PoolWindows): tf.Tensor {
  const around = sides === 'same' ? { ...ends(x.shape[1]!, size[0], stride[0], 'top', 'bottom'), ...ends(x.shape[2]!, size[1], stride[1], 'left', 'right') } : sides
  const [sum, count] = [x, tf.onesLike(x)].map((each) => tf.avgPool(framed(each, around).image, [...size], [...stride], 'valid'))
  return tf.div(sum!, count!)
}

/** Of padding `same`: an odd row more comes last. */
function ends(length: number, window: number, stride: number, first: string, last: string): Options {
  const total = Math.max((Math.ceil(length / stride) - 1) * stride + window - length, 0)
  return { [first]: Math.floor(total / 2), [last]: Math.ceil(total / 2) }
}

export const layerPeers: Readonly<Record<string, (node: PeerNode) => tf.Tensor>> = {
  'flatten': ({ inputs: [x] }) => tf.reshape(x!, [x!.shape[0]!, -1]),
  'dense': (node) => epilogue(['weight', 'down', 'up'].map(node.param).reduce<tf.Tensor>((x, weight) => (weight === undefined ? x : times(x, weight)), node.inputs[0]!), node),
  'conv2d': (node) => epilogue(convolution(node), node),
  'conv2d-transpose': (node) => epilogue(transposedConvolution(node), node),
  'max-pool': (node) => pooled(node, largest),
  'average-pool': (node) => pooled(node, mean),
  'global-average-pool': ({ inputs: [x] }) => tf.mean(x!, x!.shape.slice(1, -1).map((_, i) => i + 1)),
  // tf.max gives its whole gradient to each of several equal elements (one word twice).
  'global-max-pool': ({ inputs: [x] }) => {
    const [B, positions, C] = [x!.shape[0]!, x!.shape.slice(1, -1).reduce((a, b) => a * b, 1), x!.shape.at(-1)!]
    return tf.reshape(tf.maxPool(tf.reshape(x!, [B, positions, 1, C]) as tf.Tensor4D, [positions, 1], 1, 'valid'), [B, C])
  },
  'conv1d': (node) => epilogue(sequenceConvolution(node), node),
  'softmax': ({ inputs: [x] }) => tf.softmax(x!),
  'activation': ({ inputs: [x], options }) => act(x!, options['kind']),
  'add': ({ inputs, options }) => act(inputs.reduce((a, b) => tf.add(a, b)), options['activation']),
  'multiply': ({ inputs }) => inputs.reduce((a, b) => tf.mul(a, b)),
  'dot': ({ inputs: [a, b] }) => tf.sum(tf.mul(a!, b!), -1, true),
  'concat': ({ inputs, options }) => tf.concat([...inputs], axisOf(inputs[0]!, number(options, 'axis', -1))),
  'slice': ({ inputs: [x], options }) => {
    const axis = axisOf(x!, number(options, 'axis', -1)), length = x!.shape[axis]!
    const at = (index: number): number => (index < 0 ? length + index : index)
    const start = at(number(options, 'start', 0)), end = at(number(options, 'end', length))
    return tf.slice(x!, x!.shape.map((_, i) => (i === axis ? start : 0)), x!.shape.map((size, i) => (i === axis ? end - start : size)))
  },
  'reshape': ({ inputs: [x], options }) => tf.reshape(x!, [x!.shape[0]!, ...options['shape'] as number[]]),
  'transpose': ({ inputs: [x], options }) => tf.transpose(x!, [0, ...(options['axes'] as number[]).map((axis) => axis + 1)]),
  'layer-norm': (node) => normalise(node.inputs[0]!, [node.inputs[0]!.rank - 1], node),
  'rms-norm': (node) => normalise(node.inputs[0]!, [node.inputs[0]!.rank - 1], node, false),
  'group-norm': groupNorm,
  'batch-norm': (node) => normalise(node.inputs[0]!, node.inputs[0]!.shape.slice(0, -1).map((_, i) => i), node),
  'embedding': ({ inputs: [x], param }) => tf.gather(param('weight')!, x as tf.Tensor1D),
  'attention': attention,
  'lstm': lstm,
  'gru': gru,
  'dropout': ({ inputs: [x], options, mask }) => tf.mul(x!, tf.tensor(mask(x!.size, number(options, 'rate', 0.5)), x!.shape)),
  'positional-embedding': ({ inputs: [x], param }) => tf.add(x!, param('weight')!),
}
