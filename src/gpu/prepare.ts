// Makes what the calls of a Plan need on a device: pipelines, all at once, and bind groups as each pipeline comes.
import { InvariantError, present } from '../base/errors.ts'
import type { KernelCall, Plan } from '../graph/plan.ts'
import { RESULTS, WORKSPACE } from '../kernels/kernel.ts'
import { bindersOf, type Dispatch } from './dispatches.ts'
import { storedBytes, type HalfMode } from './half-access.ts'
import type { Workspaces } from './memory.ts'
import type { Pipelines } from './pipelines.ts'
import type { Choice } from './tuning-kind.ts'
import { describeVariant, type Variant } from './wgsl.ts'

/** A call whose dispatches are bound as their pipelines come. */
export interface Prepared {
  readonly variant: Variant
  /** Estimated time on the device: measured by the tuner, or guessed from its operations. */
  readonly ms: number
  /** Undefined until one is prepared. */
  readonly dispatches: readonly (Dispatch | undefined)[]
  /** Resolves for each when it is. */
  readonly preparing: readonly Promise<void>[]
}

/** Where a Plan's calls find what they bind. */
export interface PlanBuffers {
  /** By number of the allocation. */
  readonly buffers: readonly GPUBuffer[]
  readonly workspaces: Workspaces
}

export interface LoadedPlan extends PlanBuffers {
  readonly plan: Plan
  /** Replaced where tuning finds better ones. */
  readonly calls: Prepared[]
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
  const calls = plan.calls.map((call) => prepareCall(call, where, how))
  for (const { preparing } of calls) Promise.all(preparing).then(onPrepared, () => undefined)
  return { plan, ...await where, calls }
}

/** Begins with a call. */
export function prepareCall(call: KernelCall, memory: PlanBuffers | Promise<PlanBuffers>, { device, pipelines, choose, guessMsPerFlop }: Preparing): Prepared {
  const { kernel, dims } = call
  const { variant, ms } = choose(call)
  const label = `${call.label}: ${describeVariant(kernel, variant)}`
  const making = pipelines.each(kernel, dims, variant)
  const dispatches: (Dispatch | undefined)[] = making.map(() => undefined)
  const binders = Promise.resolve(memory).then((where) =>
    bindersOf(device, { kernel, dims, variant, label, resource: (name) => resourceOf(call, name, { ...where, label, halfMode: pipelines.halfMode }) }))
  const preparing = making.map(async (pipeline, i) => {
    const made = await pipeline
    dispatches[i] = (await binders)[i]!(made)
  })
  // Whoever waits hears of what went wrong; nobody may have begun to.
  for (const each of [binders, ...preparing]) each.catch(() => undefined)
  return { variant, ms: ms ?? kernel.flops(dims) * guessMsPerFlop, dispatches, preparing }
}

function resourceOf({ kernel, dims, views }: KernelCall, name: string, { buffers, workspaces, label, halfMode }: PlanBuffers & { readonly label: string; readonly halfMode: HalfMode }): GPUBufferBinding {
  if (name === WORKSPACE || name === RESULTS) return { buffer: present(workspaces.get(name), `${label}: ${name}`) }
  const view = present(views[name], `${label}: view of ${name}`)
  const length = present(kernel.buffers[name], name).length(dims)
  if (view.length < length) throw new InvariantError(`${label}: must bind ${length} elements as ${name}, got ${view.length}. Correct the lowering.`)
  return { buffer: present(buffers[view.allocation], `${label}: allocation of ${name}`), offset: view.offsetBytes, size: storedBytes(length, view.element, halfMode) }
}
