// ONNX's messages (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), as far as a model of f32 needs them.
import { Message } from './protobuf.ts'

/** Opset 17 came with IR version 8; both are old enough for every runtime in use. */
const IR_VERSION = 8
const OPSET = 17

/** TensorProto.DataType */
export const TYPES = { float: 1, int64: 7, bool: 9 } as const

/** AttributeProto.AttributeType */
const KINDS = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const

/** Whole numbers are ints; a number that must be a float says so. */
export type Attribute = number | string | readonly number[] | { readonly float: number }

export interface OnnxNode {
  readonly type: string
  readonly name: string
  /** '' for an optional one that is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

export interface OnnxTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array | BigInt64Array
}

export interface OnnxPort {
  readonly name: string
  readonly type: keyof typeof TYPES
  /** Sizes; names for those that may differ from call to call. */
  readonly shape: readonly (number | string)[]
}

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly tensors: readonly OnnxTensor[]
  readonly inputs: readonly OnnxPort[]
  readonly outputs: readonly OnnxPort[]
  readonly metadata: Readonly<Record<string, string>>
}

export function encodeOnnx({ name, nodes, tensors, inputs, outputs, metadata }: OnnxGraph): Uint8Array {
  const graph = new Message()
  for (const node of nodes) graph.message(1, nodeMessage(node))
  graph.text(2, name)
  for (const tensor of tensors) graph.message(5, tensorMessage(tensor))
  for (const port of inputs) graph.message(11, portMessage(port))
  for (const port of outputs) graph.message(12, portMessage(port))
  const model = new Message().int(1, IR_VERSION).text(2, 'commonweight').message(7, graph).message(8, new Message().text(1, '').int(2, OPSET))
  for (const [key, value] of Object.entries(metadata)) model.message(14, new Message().text(1, key).text(2, value))
  return model.encode()
}

function nodeMessage({ type, name, inputs, outputs, attributes }: OnnxNode): Message {
  const node = new Message()
  for (const input of inputs) node.text(1, input)
  for (const output of outputs) node.text(2, output)
  node.text(3, name).text(4, type)
  for (const [key, value] of Object.entries(attributes)) node.message(5, attributeMessage(key, value))
  return node
}

function attributeMessage(name: string, value: Attribute): Message {
  const attribute = new Message().text(1, name)
  if (typeof value === 'string') return attribute.text(4, value).int(20, KINDS.string)
  if (typeof value === 'number') return attribute.int(3, value).int(20, KINDS.int)
  if ('float' in value) return attribute.float(2, value.float).int(20, KINDS.float)
  for (const item of value) attribute.int(8, item)
  return attribute.int(20, KINDS.ints)
}

function tensorMessage({ name, shape, data }: OnnxTensor): Message {
  const tensor = new Message()
  for (const size of shape) tensor.int(1, size)
  tensor.int(2, data instanceof Float32Array ? TYPES.float : TYPES.int64).text(8, name)
  // Little-endian, as every machine that runs this is.
  return tensor.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

function portMessage({ name, type, shape }: OnnxPort): Message {
  const dimensions = new Message()
  for (const size of shape) dimensions.message(1, typeof size === 'number' ? new Message().int(1, size) : new Message().text(2, size))
  const tensorType = new Message().int(1, TYPES[type]).message(2, dimensions)
  return new Message().text(1, name).message(2, new Message().message(1, tensorType))
}
