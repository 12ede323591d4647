// Collects ONNX nodes for a graph of ours. Rules (rules/) say which nodes stand for an op; this knows tensors by name,
// makes constants once, and writes the batch dimension so that a file takes batches of any size.
import { ConfigError, present } from '../base/errors.ts'
import type { Node, Tensor } from '../graph/tensor.ts'
import type { Attribute, OnnxNode, OnnxTensor } from './proto.ts'

/** The ONNX nodes of one op: names of its outputs, as many as anybody reads. */
export interface OnnxRule {
  /** Of the op. */
  readonly name: string
  readonly emit: (node: Node, emitter: Emitter) => string | readonly string[]
}

interface Param {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Stands for the batch size in shapes: a prime that no size in a spec reaches. */
export const BATCH = 65_537

export class Emitter {
  readonly nodes: OnnxNode[] = []
  readonly tensors: OnnxTensor[] = []
  readonly #names = new Map<Tensor, string>()
  readonly #constants = new Map<string, string>()
  readonly #params = new Map<string, Param>()
  /** An input that has the batch in its first dimension. */
  readonly #batchSource: string | undefined
  #label = ''

  constructor(batchSource?: string) {
    this.#batchSource = batchSource
  }

  /** The node that names of ONNX nodes begin with. */
  begin(node: Node): void {
    this.#label = node.label
  }

  name(tensor: Tensor): string {
    return present(this.#names.get(tensor), `ONNX value of ${tensor.node.label}`)
  }

  define(tensor: Tensor, name: string): void {
    this.#names.set(tensor, name)
  }

  /** A trained tensor, written to the file under its own name. */
  param(tensor: Tensor, name: string, data: Float32Array): void {
    this.#params.set(name, { shape: tensor.shape, data })
    this.define(tensor, name)
  }

  /** One node; gives the name of its output. */
  node(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.nodeOf(type, inputs, attributes, 1)[0]!
  }

  nodeOf(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>, outputs: number): readonly string[] {
    const name = `${this.#label}/${type.toLowerCase()}.${this.nodes.length}`
    const names = Array.from({ length: outputs }, (_, i) => (outputs === 1 ? name : `${name}.${i}`))
    this.nodes.push({ type, name, inputs, outputs: names, attributes })
    return names
  }

  /** A real constant; a scalar where no shape is given. */
  real(values: number | readonly number[], shape?: readonly number[]): string {
    const list = typeof values === 'number' ? [values] : values
    return this.#constant('real', shape ?? (typeof values === 'number' ? [] : [list.length]), Float32Array.from(list))
  }

  /** A list of integers, as shapes and axes are given. */
  integers(values: readonly number[]): string {
    return this.#constant('integers', [values.length], BigInt64Array.from(values, BigInt))
  }

  integer(value: number): string {
    return this.#constant('integer', [], BigInt64Array.of(BigInt(value)))
  }

  /** x with its axes in this order; of a trained tensor, written to the file that way. */
  transpose(x: string, axes: readonly number[]): string {
    if (axes.every((axis, i) => axis === i)) return x
    const param = this.#params.get(x)
    if (param === undefined) return this.node('Transpose', [x], { perm: axes })
    const name = `${x}.${axes.join('')}`
    if (!this.#params.has(name)) this.#params.set(name, transposed(param, axes))
    return name
  }

  reshape(x: string, shape: readonly number[]): string {
    const batches = shape.filter((size) => size % BATCH === 0)
    if (batches.length > 1) throw new ConfigError(`${this.#label}: must have the batch in one dimension to be exported, got it in ${batches.length} of a reshape. Give a batch size.`)
    return this.node('Reshape', [x, this.integers(shape.map((size) => (size % BATCH === 0 ? -1 : size)))])
  }

  /** The same number (or what one repeats along leading dimensions) in every place of a shape that may hold the batch. */
  expand(x: string, shape: readonly number[]): string {
    return this.node('Expand', [x, this.#shape(shape)])
  }

  /** Trained tensors, as many as are read, and constants. */
  initializers(): readonly OnnxTensor[] {
    const read = new Set(this.nodes.flatMap(({ inputs }) => inputs))
    return [...[...this.#params].map(([name, { shape, data }]) => ({ name, shape, data })), ...this.tensors].filter(({ name }) => read.has(name))
  }

  #shape(shape: readonly number[]): string {
    if (shape.every((size) => size % BATCH !== 0)) return this.integers(shape)
    const source = present(this.#batchSource, 'input with a batch')
    const batch = this.node('Slice', [this.node('Shape', [source]), this.integers([0]), this.integers([1])])
    const sizes = shape.map((size) => {
      if (size % BATCH !== 0) return this.integers([size])
      return size === BATCH ? batch : this.node('Mul', [batch, this.integers([size / BATCH])])
    })
    return sizes.length === 1 ? sizes[0]! : this.node('Concat', sizes, { axis: 0 })
  }

  #constant(kind: string, shape: readonly number[], data: Float32Array | BigInt64Array): string {
    const key = `${kind} ${shape.join()}: ${data.join()}`
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const name = `${kind}.${this.tensors.length}`
    this.tensors.push({ name, shape, data })
    this.#constants.set(key, name)
    return name
  }
}

function transposed({ shape, data }: Param, axes: readonly number[]): Param {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const newShape = axes.map((axis) => shape[axis]!)
  const result = new Float32Array(data.length)
  const at = newShape.map(() => 0)
  for (let i = 0; i < result.length; i++) {
    result[i] = data[at.reduce((sum, index, k) => sum + index * strides[axes[k]!]!, 0)]!
    for (let k = at.length - 1; k >= 0 && ++at[k]! === newShape[k]; k--) at[k] = 0
  }
  return { shape: newShape, data: result }
}
