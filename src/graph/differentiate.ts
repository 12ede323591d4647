// Reverse-mode differentiation: gradients as more graph. Any tensor can be asked for: params, inputs, activations.
import { ConfigError } from '../base/errors.ts'
import { sameShape, formatShape, inScope, type Node, type Tensor } from './tensor.ts'
import { add, ones } from './ops/pointwise.ts'

export interface Derivative {
  /** What is differentiated: the sum of the elements of one tensor, or of several. */
  readonly of: Tensor | readonly Tensor[]
  /** Gradient with respect to each tensor of `of`, in its shape, instead of ones. */
  readonly upstream?: Tensor | undefined
  readonly wrt: readonly Tensor[]
}

/** A gradient for each tensor of `wrt`, in its shape. Throws ConfigError where no gradient reaches one. */
export function differentiate({ of, upstream, wrt }: Derivative): readonly Tensor[] {
  const roots = Array.isArray(of) ? of as readonly Tensor[] : [of as Tensor]
  const gradients = new Map<Tensor, Tensor>()
  const implicit = new Set<Node>()
  for (const root of roots) {
    if (upstream !== undefined && !sameShape(upstream.shape, root.shape)) throw new ConfigError(`upstream of ${root.node.label}: must have its shape ${formatShape(root.shape)}, got ${formatShape(upstream.shape)}. Reshape it.`)
    if (upstream === undefined && root.node.op.implicitOnes === true) implicit.add(root.node)
    else gradients.set(root, upstream ?? inScope(`${root.node.label}/backward`, () => ones(root.shape)))
  }
  const needed = dependents(roots.map(({ node }) => node), new Set(wrt))
  for (const node of needed.nodes) propagate(node, gradients, needed.tensors, implicit.has(node))
  return wrt.map((tensor) => {
    const gradient = gradients.get(tensor)
    if (gradient === undefined) throw new ConfigError(`${tensor.node.label} ${formatShape(tensor.shape)}: must influence ${roots.map(({ node }) => node.label).join(' or ')} to have a gradient, got a tensor that does not. Use it, or do not ask for its gradient.`)
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

/** The tensors on a path from `wrt` to the nodes, and the nodes that make them, newest first. */
function dependents(last: readonly Node[], wrt: ReadonlySet<Tensor>): { tensors: ReadonlySet<Tensor>; nodes: readonly Node[] } {
  const nodes = reachable(last)
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
