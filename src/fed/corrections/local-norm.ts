// How many gradients of the start model a lease's local steps amount to, if gradients did not change on the way: the
// 1-norm of FedNova's accumulation vector (Wang et al. 2020, arXiv 2007.07481, section 3). Plain SGD: the number of steps.

export interface LocalSteps {
  readonly steps: number
  /** Of local momentum, in PyTorch's form; 0 for plain SGD. */
  readonly momentum?: number
  readonly nesterov?: boolean
  /** Learning rate times the pull of FedProx or FedDyn. */
  readonly decay?: number
}

/** At least 1. All weights of the vector are positive, so their sum is the way that a constant gradient of 1 moves the model. */
export function localNorm({ steps, momentum = 0, nesterov = false, decay = 0 }: LocalSteps): number {
  let moved = 0
  let velocity = 0
  for (let step = 0; step < steps; step++) {
    const gradient = 1 - decay * moved
    velocity = momentum * velocity + gradient
    moved += nesterov ? gradient + momentum * velocity : velocity
  }
  return Math.max(1, moved)
}
