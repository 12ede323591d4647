// Makes what the calls of a Plan need on a device: pipelines, all at once, and bind groups as each pipeline comes.
import { InvariantError, present } from '../base/errors.ts'
import type { KernelCall, Plan } from '../graph/plan.ts'
import { RESULTS, WORKSPACE } from '../kernels/kernel.ts'
import { bindDispatches, type Dispatch } from './dispatches.ts'
import { storedBytes, type HalfMode } from './half-access.ts'
import type { Workspaces } from './memory.ts'
import type { Pipelines } from './pipelines.ts'
import type { Choice } from './tuner.ts'
import { describeVariant, type Variant } from './wgsl.ts'

export interface Prepared {
  readonly dispatches: readonly Dispatch[]
  readonly variant: Variant
  /** Estimated time on the device: measured by the tuner, or guessed from its operations. */
  readonly ms: number
}

/** Where a Plan's calls find what they bind. */
export interface PlanBuffers {
  /** By number of the allocation. */
  readonly buffers: readonly GPUBuffer[]
  readonly workspaces: Workspaces
}

export interface LoadedPlan extends PlanBuffers {
  readonly plan: Plan
  /** Undefined until a call is prepared; replaced where tuning finds better ones. */
  readonly calls: (Prepared | undefined)[]
  /** Resolves for each call when it is. */
  readonly preparing: readonly Promise<void>[]
}

export interface Preparing {
  readonly device: GPUDevice
  readonly pipelines: Pipelines
  readonly choose: (call: KernelCall) => Choice
  readonly guessMsPerFlop: number
}

/**
 * Begins with all calls of a Plan: drivers compile several at a time, those asked for first before others, and while memory is
 * asked for, too. Resolves when that is there. Throws what `where` throws.
 */
export async function preparePlan(plan: Plan, where: Promise<PlanBuffers>, how: Preparing, onPrepared?: () => void): Promise<LoadedPlan> {
  const calls: (Prepared | undefined)[] = plan.calls.map(() => undefined)
  const preparing = plan.calls.map(async (call, i) => {
    calls[i] = await prepareCall(call, where, how)
    onPrepared?.()
  })
  // Whoever waits hears of what went wrong; nobody may have begun to.
  for (const each of preparing) each.catch(() => undefined)
  return { plan, ...await where, calls, preparing }
}

export async function prepareCall(call: KernelCall, memory: PlanBuffers | Promise<PlanBuffers>, { device, pipelines, choose, guessMsPerFlop }: Preparing): Promise<Prepared> {
  const { kernel, dims } = call
  const { variant, ms } = choose(call)
  const made = await pipelines.get(kernel, dims, variant)
  const where = await memory
  const label = `${call.label}: ${describeVariant(kernel, variant)}`
  const resource = (name: string): GPUBufferBinding => resourceOf(call, name, { ...where, label, halfMode: pipelines.halfMode })
  return {
    variant,
    dispatches: bindDispatches(device, { kernel, dims, variant, pipelines: made, label, resource }),
    ms: ms ?? kernel.flops(dims) * guessMsPerFlop,
  }
}

function resourceOf({ kernel, dims, views }: KernelCall, name: string, { buffers, workspaces, label, halfMode }: PlanBuffers & { readonly label: string; readonly halfMode: HalfMode }): GPUBufferBinding {
  if (name === WORKSPACE || name === RESULTS) return { buffer: present(workspaces.get(name), `${label}: ${name}`) }
  const view = present(views[name], `${label}: view of ${name}`)
  const length = present(kernel.buffers[name], name).length(dims)
  if (view.length < length) throw new InvariantError(`${label}: must bind ${length} elements as ${name}, got ${view.length}. Correct the lowering.`)
  return { buffer: present(buffers[view.allocation], `${label}: allocation of ${name}`), offset: view.offsetBytes, size: storedBytes(length, view.element, halfMode) }
}
