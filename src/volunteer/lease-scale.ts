// The loss scale of a volunteer that trains in f16, from lease to lease and from device to device. In a lease no step may be left
// out: one whose gradients overflowed is no update and no divergence either. It is computed again at a lower scale, and in f32
// where f16 has too little range for the model.
import { areFinite } from '../base/math.ts'
import type { Program } from '../graph/plan.ts'
import { adjustDims, adjustLossScale, LOSS_SCALE, LOWEST_DOUBLINGS } from '../kernels/loss-scale.ts'
import { LOSS_SCALE_ALLOCATIONS } from '../train/loss-scaling.ts'

/** So many good steps short of growing that no lease gets there: one that grew the scale again and again would never come to its end. */
const NO_GROWTH = -(2 ** 23)

/** Halvings after a gradient that overflowed: a lease is too much work for finding the scale one by one. */
const HALVINGS = 3

/** Nothing was learned of the model: compute the lease again, `in` what it says. */
export class HalfOverflowError extends Error {
  override readonly name = 'HalfOverflowError'
  readonly in: 'f16' | 'f32'

  constructor(again: 'f16' | 'f32') {
    super(`f16: must hold what the lease computes, got an overflow. It is computed again in ${again}.`)
    this.in = again
  }
}

export class LeaseScale {
  /** Of gradients of means. */
  #state: Float32Array = new Float32Array(LOSS_SCALE.length)
  #again = false

  /** Before the steps of a lease, whose gradients are those of a mean, or of the sum over a batch: as much larger, they are scaled by less. */
  place(program: Program, summed = 1): void {
    const state = this.#state.slice()
    state[LOSS_SCALE.doublings]! -= Math.ceil(Math.log2(summed))
    if (this.#again) state[LOSS_SCALE.good] = NO_GROWTH
    program.write(LOSS_SCALE_ALLOCATIONS.state, state)
  }

  /** After a lease of optimizer steps, with the state that they left on the device. Throws HalfOverflowError. */
  afterSteps(left: Float32Array, loss: number): void {
    const state = left.slice()
    if (state[LOSS_SCALE.good]! < 0) state[LOSS_SCALE.good] = 0
    this.#judge(state, loss)
  }

  /** After a lease of one gradient, which is one step of the scale. Throws HalfOverflowError. */
  afterGradient(grads: Float32Array, loss: number): void {
    const state = this.#state.slice()
    const overflowed = !areFinite(grads), partials = Float32Array.of(overflowed ? 1 : 0)
    for (let i = 0; i < (overflowed ? HALVINGS : 1); i++) adjustLossScale.reference(adjustDims(1), { partials, state })
    this.#judge(state, loss)
  }

  #judge(state: Float32Array, loss: number): void {
    const before = this.#state
    this.#state = state
    this.#again = true
    // The loss itself is not scaled: what overflowed there, only f32 can hold.
    if (!Number.isFinite(loss)) throw new HalfOverflowError('f32')
    if (state[LOSS_SCALE.skipped]! > before[LOSS_SCALE.skipped]!) throw new HalfOverflowError(before[LOSS_SCALE.doublings]! > LOWEST_DOUBLINGS ? 'f16' : 'f32')
    this.#again = false
  }
}
