// The optimizer that makes model version v+1 on the server, over packed params. It runs the kernel's reference,
// so the same params, gradients and state give the same bytes on every machine.
import { InvariantError, present } from '../base/errors.ts'
import { plainUpdate } from '../kernels/optimizers.ts'
import { resolveOptimizer } from './index.ts'
import type { OptimizerSettings } from './optimizer.ts'
import { resolveFixedSchedule, type ScheduleSettings } from './schedules.ts'

export interface ServerOptimizer {
  /** Steps taken so far. */
  readonly stepCount: number
  /** Changes `params` in place. `scale` multiplies the learning rate (staleness). */
  step(params: Float32Array, grads: Float32Array, scale?: number): void
  /** What a checkpoint keeps; the slots are the live arrays, so copy them before the next step. */
  state(): OptimizerState
  restore(state: OptimizerState): void
}

export interface OptimizerState {
  readonly step: number
  readonly slots: Readonly<Record<string, Float32Array>>
}

export function createServerOptimizer(choice: OptimizerSettings, size: number, schedule: ScheduleSettings = { name: 'constant' }): ServerOptimizer {
  const { optimizer, learningRate, hyper, flags, ...resolved } = resolveOptimizer(choice)
  const { factor } = resolveFixedSchedule(schedule)
  const dims = { ...plainUpdate(size), ...flags }
  const slots = Object.fromEntries(resolved.slots.map((name) => [name, new Float32Array(size)]))
  let stepCount = 0
  return {
    get stepCount() {
      return stepCount
    },
    step(params, grads, scale = 1) {
      if (params.length !== size || grads.length !== size) throw new InvariantError(`server optimizer: must step ${size} params, got ${params.length} params and ${grads.length} gradients. Pass packed arrays of one model.`)
      const rate = learningRate * factor(stepCount) * scale
      stepCount++
      optimizer.kernel.reference(dims, { params, grads, ...slots, hyper: hyper(stepCount, { learningRate: rate }) })
    },
    state: () => ({ step: stepCount, slots }),
    restore(state) {
      for (const [name, slot] of Object.entries(slots)) slot.set(sized(present(state.slots[name], `optimizer slot ${name}`), size))
      stepCount = state.step
    },
  }
}

function sized(slot: Float32Array, size: number): Float32Array {
  if (slot.length !== size) throw new InvariantError(`optimizer slot: must have ${size} elements, got ${slot.length}. Restore the state of the same model.`)
  return slot
}
