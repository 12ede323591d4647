// Our layers in TensorFlow.js.
import * as tf from '@tensorflow/tfjs'
import type { WiredNode } from './contestant.ts'

interface Options { readonly padding?: 'same' | 'valid'; readonly stride?: number; readonly size?: number; readonly activation?: string; readonly kind?: string; readonly epsilon?: number; readonly groups?: number; readonly heads?: number; readonly causal?: boolean }
type Param = (tensor: string) => tf.Tensor | undefined
type Rule = (inputs: readonly tf.Tensor[], options: Options, param: Param) => tf.Tensor

export function applyLayer({ layer, options }: WiredNode, inputs: readonly tf.Tensor[], param: Param): tf.Tensor {
  const rule = rules[layer]
  if (rule === undefined) throw new Error(`TensorFlow.js contestant: must know the layer ${layer}. Add it to tfjs-layers.ts.`)
  return rule(inputs, options as Options, param)
}

const activate = (x: tf.Tensor, name: string | undefined): tf.Tensor => {
  switch (name) {
    case undefined: case 'linear': return x
    case 'relu': return tf.relu(x)
    // The tanh form, as ours.
    case 'gelu': return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x))))))))
    default: throw new Error(`TensorFlow.js contestant: must know the activation ${name}. Add it to tfjs-layers.ts.`)
  }
}

const biased = (x: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor => bias === undefined ? x : tf.add(x, bias)

/** [..., K] by [K, units]: its product of matrices of unlike rank has no gradient. */
function product(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const rows = x.reshape([-1, x.shape.at(-1)!]) as tf.Tensor2D
  return tf.matMul(rows, weight as tf.Tensor2D).reshape([...x.shape.slice(0, -1), weight.shape[1]!])
}

function standardised(x: tf.Tensor, axes: readonly number[], epsilon: number): tf.Tensor {
  const mean = tf.mean(x, [...axes], true)
  const centered = tf.sub(x, mean)
  return tf.mul(centered, tf.rsqrt(tf.add(tf.mean(tf.square(centered), [...axes], true), epsilon)))
}

function affine(x: tf.Tensor, param: Param): tf.Tensor {
  const scale = param('scale')
  return biased(scale === undefined ? x : tf.mul(x, scale), param('bias'))
}

const rules: Readonly<Record<string, Rule>> = {
  'flatten': ([x]) => x!.reshape([x!.shape[0]!, -1]),
  'activation': ([x], { kind }) => activate(x!, kind),
  'add': (inputs, { activation }) => activate(inputs.reduce((sum, x) => tf.add(sum, x)), activation),
  'concat': (inputs) => tf.concat([...inputs], -1),
  'dense': ([x], { activation }, param) => activate(biased(product(x!, param('weight')!), param('bias')), activation),
  'conv2d': ([x], { padding = 'same', stride = 1, activation }, param) => activate(biased(tf.conv2d(x as tf.Tensor4D, param('weight') as tf.Tensor4D, stride, padding), param('bias')), activation),
  'conv1d': ([x], { padding = 'same', stride = 1, activation }, param) => activate(biased(tf.conv1d(x as tf.Tensor3D, param('weight') as tf.Tensor3D, stride, padding), param('bias')), activation),
  'global-average-pool': ([x]) => tf.mean(x!, [1, 2]),
  'global-max-pool': ([x]) => tf.max(x!, 1),
  'attention': ([x], { heads = 1, causal = false }, param) => {
    const [n, t, units] = x!.shape as [number, number, number]
    const size = units / heads
    const qkv = biased(product(x!, param('qkv')!), param('qkv-bias')).reshape([n, t, 3 * heads, size]).transpose([0, 2, 1, 3])
    const [q, k, v] = tf.split(qkv, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor]
    const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(size))
    // Zero where a position may look, far below zero where it may not.
    const mask = causal ? tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([t, t]), -1, 0)), -1e9) : tf.zeros([t, t])
    const mixed = tf.matMul(tf.softmax(tf.add(scores, mask)), v).transpose([0, 2, 1, 3]).reshape([n, t, units])
    return biased(product(mixed, param('out')!), param('out-bias'))
  },
  'max-pool': ([x], { size = 2, stride = size }) => tf.maxPool(x as tf.Tensor4D, size, stride, 'valid'),
  'embedding': ([ids], _, param) => tf.gather(param('weight')!, ids as tf.Tensor1D),
  'positional-embedding': ([x], _, param) => tf.add(x!, param('weight')!),
  'layer-norm': ([x], { epsilon = 1e-5 }, param) => affine(standardised(x!, [-1], epsilon), param),
  'group-norm': ([x], { groups = 1, epsilon = 1e-5 }, param) => {
    const [n, h, w, c] = x!.shape as [number, number, number, number]
    return affine(standardised(x!.reshape([n, h * w, groups, c / groups]), [1, 3], epsilon).reshape([n, h, w, c]), param)
  },
}
