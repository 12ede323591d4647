// Our layers in jax-js, images as [N, C, H, W], and our params in the shapes that it wants.
import { lax, nn, numpy as np } from '@jax-js/jax'
import type { Layout, TensorEntry } from '../../../src/model/layout.ts'
import type { WiredNode } from './contestant.ts'

interface Options { readonly kernel?: number | readonly number[]; readonly stride?: number; readonly padding?: 'same' | 'valid'; readonly size?: number; readonly activation?: string; readonly kind?: string; readonly vocabulary?: number; readonly epsilon?: number; readonly groups?: number; readonly heads?: number; readonly causal?: boolean }
type Param = (tensor: string) => np.Array | undefined
type Rule = (inputs: readonly np.Array[], options: Options, param: Param) => np.Array

/** Owns its inputs and what `param` gives. */
export function applyLayer({ layer, options }: WiredNode, inputs: readonly np.Array[], param: Param): np.Array {
  const rule = rules[layer]
  if (rule === undefined) throw new Error(`jax-js contestant: must know the layer ${layer}. Add it to jaxjs-layers.ts.`)
  return rule(inputs, options as Options, param)
}

const activate = (x: np.Array, name: string | undefined): np.Array => {
  switch (name) {
    case undefined: case 'linear': return x
    case 'relu': return nn.relu(x)
    case 'gelu': return nn.gelu(x)
    default: throw new Error(`jax-js contestant: must know the activation ${name}. Add it to jaxjs-layers.ts.`)
  }
}

const biased = (x: np.Array, bias: np.Array | undefined): np.Array => bias === undefined ? x : x.add(bias)

/** [C] -> [C, 1, 1], to be added to [N, C, H, W]. */
const perChannel = (x: np.Array | undefined): np.Array | undefined => x?.reshape([x.shape[0]!, 1, 1])

function affine(x: np.Array, scale: np.Array | undefined, bias: np.Array | undefined): np.Array {
  return biased(scale === undefined ? x : x.mul(scale), bias)
}

const rules: Readonly<Record<string, Rule>> = {
  'flatten': ([x]) => x!.reshape([x!.shape[0]!, -1]),
  'activation': ([x], { kind }) => activate(x!, kind),
  'add': ([x, ...others], { activation }) => activate(others.reduce((sum, other) => sum.add(other), x!), activation),
  'concat': (inputs) => np.concatenate([...inputs], -1),
  'dense': ([x], { activation }, param) => activate(biased(np.matmul(x!, param('weight')!), param('bias')), activation),
  'conv2d': ([x], { padding = 'same', stride = 1, activation }, param) =>
    activate(biased(lax.convGeneralDilated(x!, param('weight')!, [stride, stride], padding === 'same' ? 'SAME' : 'VALID'), perChannel(param('bias'))), activation),
  // A sequence [N, T, C] as [N, C, T], and back.
  'conv1d': ([x], { padding = 'same', stride = 1, activation }, param) => {
    const y = lax.convGeneralDilated(np.transpose(x!, [0, 2, 1]), param('weight')!, [stride], padding === 'same' ? 'SAME' : 'VALID')
    return activate(biased(np.transpose(y, [0, 2, 1]), param('bias')), activation)
  },
  'global-average-pool': ([x]) => np.mean(x!, [2, 3]),
  'global-max-pool': ([x]) => np.max(x!, 1),
  'attention': ([x], { heads = 1, causal = false }, param) => {
    const [n, t, units] = x!.shape as [number, number, number]
    const size = units / heads
    const qkv = biased(np.matmul(x!, param('qkv')!), param('qkv-bias')).reshape([n, t, 3, heads, size])
    const part = (i: number, last: boolean): np.Array => (last ? qkv : qkv.ref).slice([], [], i)
    const [q, k, v] = [part(0, false), part(1, false), part(2, true)]
    const mixed = nn.dotProductAttention(q, k, v, { isCausal: causal }).reshape([n, t, units])
    return biased(np.matmul(mixed, param('out')!), param('out-bias'))
  },
  'max-pool': ([x], { size = 2, stride = size }) => lax.reduceWindow(x!, (window) => np.max(window), [size, size], [stride, stride]),
  'embedding': ([ids], { vocabulary }, param) => np.matmul(nn.oneHot(ids!, vocabulary!), param('weight')!),
  'positional-embedding': ([x], _, param) => x!.add(param('weight')!),
  'layer-norm': ([x], { epsilon = 1e-5 }, param) => affine(nn.standardize(x!, -1, { epsilon }), param('scale'), param('bias')),
  'group-norm': ([x], { groups = 1, epsilon = 1e-5 }, param) => {
    const [n, c, h, w] = x!.shape as [number, number, number, number]
    const normal = nn.standardize(x!.reshape([n, groups, (c / groups) * h * w]), -1, { epsilon }).reshape([n, c, h, w])
    return affine(normal, perChannel(param('scale')), perChannel(param('bias')))
  },
}

/** Our packed tensor with its axes in jax-js's order: filters as [O, I, H, W], and a dense layer's rows after flatten as [C, H, W]. */
export function fromOurs({ name, shape, size, packedOffset }: TensorEntry, nodes: readonly WiredNode[], packed: Float32Array, { entries }: Layout): { values: Float32Array<ArrayBuffer>; shape: readonly number[] } {
  const values = packed.slice(packedOffset, packedOffset + size)
  const [node, tensor] = [nodes.find((each) => each.name === name.slice(0, name.lastIndexOf('/')))!, name.slice(name.lastIndexOf('/') + 1)]
  if (tensor !== 'weight') return { values, shape }
  if (node.layer === 'conv2d') return transposed(values, shape, [3, 2, 0, 1])
  if (node.layer === 'conv1d') return transposed(values, shape, [2, 1, 0])
  const source = nodes.find((each) => each.name === node.from[0])
  if (node.layer !== 'dense' || source?.layer !== 'flatten') return { values, shape }
  const channels = channelsBefore(source, nodes, entries)
  if (channels === undefined) return { values, shape }
  const [rows, units] = shape as [number, number]
  return { values: transposed(values, [rows / channels, channels, units], [1, 0, 2]).values, shape }
}

/** Channels of the image that a node flattens; undefined where it comes from the input as it is. */
function channelsBefore({ from }: WiredNode, nodes: readonly WiredNode[], entries: readonly TensorEntry[]): number | undefined {
  const node = nodes.find(({ name }) => name === from[0])
  if (node === undefined) return undefined
  const weight = entries.find(({ name }) => name === `${node.name}/weight`)
  return weight !== undefined ? weight.shape.at(-1) : channelsBefore(node, nodes, entries)
}

function transposed(values: Float32Array, shape: readonly number[], order: readonly number[]): { values: Float32Array<ArrayBuffer>; shape: readonly number[] } {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const newShape = order.map((axis) => shape[axis]!)
  const result = new Float32Array(values.length)
  for (let i = 0; i < result.length; i++) {
    let rest = i, from = 0
    for (let axis = order.length - 1; axis >= 0; axis--) {
      from += (rest % newShape[axis]!) * strides[order[axis]!]!
      rest = Math.floor(rest / newShape[axis]!)
    }
    result[i] = values[from]!
  }
  return { values: result, shape: newShape }
}
