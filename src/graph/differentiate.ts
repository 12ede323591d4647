// Reverse-mode differentiation: gradients as more graph. Any tensor can be asked for: params, inputs, activations.
import { ConfigError } from '../base/errors.ts'
import { sameShape, formatShape, inScope, type Node, type Tensor } from './tensor.ts'
import { add } from './ops/add.ts'

export interface Derivative {
  /** The tensor that is differentiated. */
  readonly of: Tensor
  /** Gradient with respect to `of`, in its shape; where absent, the sum of its elements is differentiated. */
  readonly upstream?: Tensor
  readonly wrt: readonly Tensor[]
}

/** A gradient for each tensor of `wrt`, in its shape. Throws ConfigError where no gradient reaches one. */
export function differentiate({ of, upstream, wrt }: Derivative): readonly Tensor[] {
  const needed = dependents(of.node, new Set(wrt))
  const gradients = new Map<Tensor, Tensor>()
  if (upstream !== undefined) {
    if (!sameShape(upstream.shape, of.shape)) throw new ConfigError(`upstream of ${of.node.label}: must have its shape ${formatShape(of.shape)}, got ${formatShape(upstream.shape)}. Reshape it.`)
    gradients.set(of, upstream)
  } else if (of.node.op.implicitOnes !== true) {
    throw new ConfigError(`${of.node.label}: must be a loss to be differentiated without an upstream, got ${of.node.op.name}. Pass an upstream gradient of shape ${formatShape(of.shape)}.`)
  }
  for (const node of needed.nodes) propagate(node, gradients, needed.tensors, node === of.node && upstream === undefined)
  return wrt.map((tensor) => {
    const gradient = gradients.get(tensor)
    if (gradient === undefined) throw new ConfigError(`${tensor.node.label} ${formatShape(tensor.shape)}: must influence ${of.node.label} to have a gradient, got a tensor that does not. Use it, or do not ask for its gradient.`)
    return gradient
  })
}

function propagate(node: Node, gradients: Map<Tensor, Tensor>, needed: ReadonlySet<Tensor>, ones: boolean): void {
  const upstream = node.outputs.map((output) => gradients.get(output))
  if (!ones && upstream.every((gradient) => gradient === undefined)) return
  if (node.op.gradient === undefined) throw new ConfigError(`${node.label}: must have a gradient rule to be differentiated, got ${node.op.name}, which has none. Do not differentiate through it.`)
  inScope(`${node.label}/backward`, () => {
    const results = node.op.gradient!(node, upstream)
    node.inputs.forEach((input, i) => {
      const gradient = results[i]
      if (gradient === undefined || !needed.has(input)) return
      const before = gradients.get(input)
      gradients.set(input, before === undefined ? gradient : add(before, gradient))
    })
  })
}

/** The tensors on a path from `wrt` to the node, and the nodes that make them, newest first. */
function dependents(last: Node, wrt: ReadonlySet<Tensor>): { tensors: ReadonlySet<Tensor>; nodes: readonly Node[] } {
  const nodes = reachable([last])
  const tensors = new Set<Tensor>(wrt)
  const onPath: Node[] = []
  for (const node of nodes) {
    if (!node.inputs.some((input) => tensors.has(input))) continue
    onPath.push(node)
    for (const output of node.outputs) tensors.add(output)
  }
  return { tensors, nodes: onPath.reverse() }
}

/** All nodes that `from` depend on, themselves included, in order of execution. */
export function reachable(from: readonly Node[]): readonly Node[] {
  const seen = new Set<Node>()
  const open = [...from]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    for (const input of node.inputs) open.push(input.node)
  }
  return [...seen].sort((a, b) => a.order - b.order)
}
