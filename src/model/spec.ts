// A model as data: a list of named nodes, each a layer with its options, reading earlier nodes by name.
// Never code: a spec travels to strangers' browsers.

export interface ModelSpec {
  readonly name: string
  /** Shapes without the batch dimension: [28, 28, 1] or [784]. */
  readonly inputs: Readonly<Record<string, readonly number[]>>
  readonly nodes: readonly NodeSpec[]
  /** Name of the node whose output the loss reads. */
  readonly output: string
}

export interface NodeSpec {
  readonly name: string
  /** Key in the layer registry: dense, conv2d, max-pool, flatten, activation. */
  readonly layer: string
  /** Names of nodes or inputs; the node before it (the first input for the first node) where absent. */
  readonly from?: readonly string[]
  /** Checked by the layer's own schema. */
  readonly options?: Readonly<Record<string, unknown>>
}
