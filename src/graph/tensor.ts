// Symbolic tensors: what a model is between its spec and its Plan. A tensor is an output of a node; a node applies an op
// to tensors. Gradients are more of the same nodes, so one lowering, one memory plan and one runner serve both passes.
import type { ElementType } from '../kernels/kernel.ts'
import type { Call } from './call.ts'

/** Static facts of an op: flags, axes, strides, names. */
export type Attrs = Readonly<Record<string, number | string | readonly number[]>>

export interface TensorType {
  readonly shape: readonly number[]
  readonly element: ElementType
}

export interface Tensor extends TensorType {
  readonly node: Node
  /** Which output of the node it is. */
  readonly index: number
}

export interface Node<A extends Attrs = Attrs> {
  readonly op: Op<A>
  readonly attrs: A
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  /** `<path of the layer>/<op>`, for errors, labels and diagnoses. */
  readonly label: string
  /** Order of creation: a valid and natural order of execution, as a node can only read older ones. */
  readonly order: number
}

/** Methods, not properties, so that an op of particular attributes fits where any op is expected. */
export interface Op<A extends Attrs = Attrs> {
  readonly name: string
  /** What labels call it; `name` where absent. */
  title?(attrs: A): string
  /** Types of the outputs; throws ConfigError naming `label`, the shapes and the remedy where the inputs do not fit. */
  infer(inputs: readonly TensorType[], attrs: A, label: string): readonly TensorType[]
  /**
   * Gradients with respect to each input, given those with respect to each output (undefined where nothing depends on it).
   * Undefined for an input that is taken as constant. Absent for ops without a gradient rule.
   */
  gradient?(node: Node<A>, upstream: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[]
  /** Its `gradient` takes a missing upstream as ones, so that its output can be differentiated as it is. */
  readonly implicitOnes?: true
  /** The kernel call that computes it. Absent for sources and aliases. */
  lower?(node: Node<A>): Call
  /** The output is input 0 in another shape: no memory, no call. */
  readonly alias?: true
  /** Small graphs on which tests compare its gradient with finite differences. */
  readonly probes: readonly OpProbe[]
}

export interface OpProbe {
  readonly inputs: readonly ProbeInput[]
  readonly build: (inputs: readonly Tensor[]) => Tensor
}

export interface ProbeInput {
  readonly shape: readonly number[]
  /** Integers below this (labels) instead of real numbers. */
  readonly below?: number
  /** Taken as a constant: its gradient is not asked for. */
  readonly constant?: true
}

let created = 0
let scope = ''

/** Applies an op; the labels of nodes made inside `inScope` begin with that scope. */
export function apply<A extends Attrs>(op: Op<A>, inputs: readonly Tensor[], attrs: A): readonly Tensor[] {
  const label = scoped(op.title?.(attrs) ?? op.name)
  const outputs: Tensor[] = []
  const node: Node<A> = { op, attrs, inputs, outputs, label, order: created++ }
  op.infer(inputs, attrs, label).forEach((type, index) => outputs.push({ ...type, node: node as Node, index }))
  return outputs
}

/** A name as labels of nodes made now have it, for errors found before there is a node. */
export const scoped = (name: string): string => (scope === '' ? name : `${scope}/${name}`)

/** Names the nodes that `build` makes after the layer or gradient they belong to. */
export function inScope<T>(name: string, build: () => T): T {
  const outer = scope
  scope = name
  try {
    return build()
  } finally {
    scope = outer
  }
}

/** The tensor whose memory `tensor` lies in: itself, or what it is a reshape of. */
export function storage(tensor: Tensor): Tensor {
  let root = tensor
  while (root.node.op.alias === true) root = root.node.inputs[0]!
  return root
}

export const formatShape = (shape: readonly number[]): string => `[${shape.join(', ')}]`

export const sameShape = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((size, i) => size === b[i])
