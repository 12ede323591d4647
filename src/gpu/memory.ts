// GPU buffers behind the allocations of Plans. WebGPU reports a failed createBuffer only to an error scope, and then
// computes garbage, so each batch of buffers is made under one.
import { ConfigError, InvariantError } from '../base/errors.ts'
import { roundUp } from '../base/math.ts'
import { OutOfMemoryError, type Plan } from '../graph/plan.ts'
import { RESULTS, WORKSPACE } from '../kernels/kernel.ts'
import { storedBytes, type HalfMode } from './half-access.ts'
import type { WorkspaceSizes } from './wgsl.ts'

const USAGE = 0x80 | 0x04 | 0x08 // STORAGE | COPY_SRC | COPY_DST: the constants' object is missing under Node until globals are set.

/** Buffers of loaded Plans: persistent ones by name, and each Plan's own list in allocation order. */
export interface PlanMemory {
  readonly persistent: ReadonlyMap<string, GPUBuffer>
  readonly byPlan: ReadonlyMap<string, readonly GPUBuffer[]>
  /** Where the dispatches of a call leave something for those after them; none where no call has several. */
  readonly workspaces: Workspaces
  /** Bytes in all. */
  readonly bytes: number
  destroy(): void
}

/** By name. */
export type Workspaces = ReadonlyMap<string, GPUBuffer>

export interface MemoryOptions {
  readonly halfMode: HalfMode
  readonly workspace: WorkspaceSizes
}

interface Wanted {
  readonly label: string
  readonly bytes: number
}

/** Buffers that Plans need, before any is made. */
export interface PlannedMemory {
  readonly buffers: readonly Wanted[]
  /** Which buffer each allocation of a Plan becomes, by the label. */
  readonly byPlan: ReadonlyMap<string, readonly string[]>
  /** Bytes in all. */
  readonly bytes: number
}

/**
 * Persistent allocations of one name are one buffer. Scratch holds nothing between runs and runs do not overlap, so the
 * Plans share it: the i-th largest scratch allocation of every Plan is the same buffer.
 */
export function planMemory(plans: readonly Plan[], { halfMode, workspace }: MemoryOptions): PlannedMemory {
  const wanted = new Map<string, Wanted>()
  const byPlan = new Map<string, readonly string[]>()
  for (const plan of plans) {
    if (byPlan.has(plan.name)) throw new InvariantError(`plan "${plan.name}": must be loaded once per program, got it twice. Rename one.`)
    const sizes = allocationBytes(plan, halfMode)
    const labels = allocationLabels(plan, sizes)
    byPlan.set(plan.name, labels)
    plan.allocations.forEach(({ name, role }, i) => {
      const label = labels[i]!, bytes = sizes[i]!
      const known = wanted.get(label)
      if (known !== undefined && role === 'persistent' && known.bytes !== bytes) {
        throw new InvariantError(`persistent allocation "${name}": must have one size, got ${known.bytes} and ${bytes} bytes. Compile the plans together.`)
      }
      wanted.set(label, { label, bytes: Math.max(known?.bytes ?? 0, bytes) })
    })
  }
  const shared = Object.entries(workspace).filter(([, elements]) => elements > 0).map(([label, elements]) => ({ label, bytes: 4 * elements }))
  const buffers = [...wanted.values(), ...shared]
  return { buffers, byPlan, bytes: buffers.reduce((sum, { bytes }) => sum + bufferSize(bytes), 0) }
}

/** Throws ConfigError where the device cannot hold it all. */
export async function allocate(device: GPUDevice, { buffers, byPlan, bytes }: PlannedMemory): Promise<PlanMemory> {
  const made = await createBuffers(device, buffers)
  const named = new Map(buffers.map(({ label }, i) => [label, made[i]!]))
  const those = (prefix: string): ReadonlyMap<string, GPUBuffer> =>
    new Map([...named].filter(([label]) => label.startsWith(prefix)).map(([label, buffer]) => [label.slice(prefix.length), buffer]))
  return {
    persistent: those(PERSISTENT),
    byPlan: new Map([...byPlan].map(([name, labels]) => [name, labels.map((label) => named.get(label)!)])),
    workspaces: new Map([WORKSPACE, RESULTS].flatMap((name) => (named.has(name) ? [[name, named.get(name)!]] : []))),
    bytes,
    destroy: () => made.forEach((buffer) => buffer.destroy()),
  }
}

const PERSISTENT = 'persistent/'

/** As the Plan says, or more where f16 is emulated. */
function allocationBytes({ allocations, calls }: Plan, mode: HalfMode): readonly number[] {
  const sizes = allocations.map(({ bytes }) => bytes)
  for (const { views } of calls) for (const { allocation, offsetBytes, length, element } of Object.values(views)) {
    sizes[allocation] = Math.max(sizes[allocation]!, offsetBytes + storedBytes(length, element, mode))
  }
  return sizes
}

/** Of the buffers that a Plan's allocations become. */
function allocationLabels(plan: Plan, sizes: readonly number[]): readonly string[] {
  const labels = plan.allocations.map(({ name, role }) => role === 'persistent' ? `${PERSISTENT}${name}` : `${plan.name}/${name}`)
  const scratch = plan.allocations.map(({ role }, index) => ({ role, bytes: sizes[index]!, index })).filter(({ role }) => role === 'scratch')
  scratch.sort((a, b) => b.bytes - a.bytes).forEach(({ index }, rank) => { labels[index] = `scratch/${rank}` })
  return labels
}

export async function createBuffers(device: GPUDevice, wanted: readonly { readonly label: string; readonly bytes: number }[]): Promise<readonly GPUBuffer[]> {
  const sizes = wanted.map(({ bytes }) => bufferSize(bytes))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const largest = Math.max(0, ...sizes)
  const limit = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize)
  if (largest > limit) {
    throw new ConfigError(`GPU memory: must hold a buffer of ${megabytes(largest)}, got a limit of ${megabytes(limit)} on this adapter. Use a smaller batch or model.`)
  }
  device.pushErrorScope('out-of-memory')
  const buffers = wanted.map(({ label }, i) => device.createBuffer({ label, size: sizes[i] as number, usage: USAGE }))
  const error = await device.popErrorScope()
  if (error === null) return buffers
  buffers.forEach((buffer) => buffer.destroy())
  throw new OutOfMemoryError(`GPU memory: must hold ${megabytes(total)} in ${buffers.length} buffers, got out of memory (${error.message}). Use a smaller batch or model, or close other tabs.`)
}

/** WebGPU's buffers are of whole words. */
const bufferSize = (bytes: number): number => Math.max(4, roundUp(bytes, 4))

export const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
