// A model as data: a list of named nodes, each a layer with its options, reading earlier nodes by name.
// Never code: a spec travels to strangers' browsers.

export interface ModelSpec {
  readonly name: string
  readonly inputs: Readonly<Record<string, InputSpec>>
  readonly nodes: readonly NodeSpec[]
  /** Name of the node that predicts. */
  readonly output: string
  /** What is learned; where absent, softmax cross-entropy of the output against the input `labels`. */
  readonly heads?: readonly HeadSpec[]
}

/** Shape without the batch dimension: [28, 28, 1] or [784]; integers (tokens, ids) say how many different ones there are. */
export type InputSpec = readonly number[] | { readonly shape: readonly number[]; readonly below: number }

/** Shape of one example of an input. */
export const inputShape = (declared: InputSpec): readonly number[] => ('below' in declared ? declared.shape : declared)

/** A loss on a node. The losses of all heads are added up, each times its weight. */
export interface HeadSpec {
  readonly name: string
  /** The node it reads; `output` where absent. */
  readonly from?: string
  /** Key in the loss registry, and its options. */
  readonly loss: { readonly name: string; readonly [option: string]: unknown }
  /** Name of the input it is compared with, which the model may read too (an autoencoder's `x`); `labels` where absent. */
  readonly target?: string
  /** 1 where absent. */
  readonly weight?: number
}

export interface NodeSpec {
  readonly name: string
  /** Key in the layer registry: dense, conv2d, … */
  readonly layer: string
  /** Names of nodes or inputs; the node before it (the first input for the first node) where absent. */
  readonly from?: readonly string[]
  /** Checked by the layer's own schema. */
  readonly options?: Readonly<Record<string, unknown>>
  /** Name of an earlier node of the same layer and options, whose params it uses as its own. */
  readonly shares?: string
  /** Its params never change: a backbone that came from elsewhere. */
  readonly frozen?: boolean
}
