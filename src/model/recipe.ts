// How a model is trained, as data: which heads train which params with which optimizer, and how fast.
// Names of optimizers and schedules are looked up where the recipe is used; a recipe travels like a ModelSpec.

export interface Recipe {
  /** Examples in one step. */
  readonly batchSize: number
  /** Steps after which it has learned what its model's file says. */
  readonly steps: number
  /** Which params are trained for what, and how; the first that names a param has it. */
  readonly objectives: readonly Objective[]
  /** Of all learning rates: key in the schedule registry, and its options. Constant where absent. */
  readonly schedule?: Named
  /** Of gradients: each element to ±limit, each tensor to a norm of `limit`, or all of them together. */
  readonly clip?: { readonly by: 'value' | 'norm' | 'global-norm'; readonly limit: number }
  /** Batches whose gradients make one step. */
  readonly accumulate?: number
}

export interface Objective {
  /** Heads whose losses these params lower; all where absent. */
  readonly heads?: readonly string[]
  /** Names of tensors, `*` standing for anything, those after a ! left out: ['dense*', '!*bias']. All that no earlier objective has where absent. */
  readonly params?: readonly string[]
  /** Key in the optimizer registry, and its hyper-parameters. */
  readonly optimizer: Named & { readonly learningRate: number }
  /** Adds l1 |p| + l2 / 2 p^2 of each of these params to the loss. */
  readonly regularise?: { readonly l1?: number; readonly l2?: number }
}

/** Registry key and options, as they stand in a file. */
export interface Named {
  readonly name: string
  readonly [option: string]: unknown
}
