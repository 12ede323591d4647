// A Plan is what a model compiles to: a flat list of kernel calls over allocations placed by liveness.
// Runners execute Plans; nothing below this file knows about models, and nothing above it about GPUs.
//
// Allocations are separate buffers because WebGPU forbids reading and writing one buffer in the same dispatch,
// even at different offsets. Scratch allocations are shared by tensors whose lifetimes do not overlap; `params`,
// `grads` and optimizer state are one arena each, so that one dispatch updates a whole model.
import { ConfigError } from '../base/errors.ts'
import type { Dims, Kernel, StorageType } from '../kernels/kernel.ts'

/** Views into an arena begin at multiples of this (WebGPU's largest allowed minStorageBufferOffsetAlignment). */
export const VIEW_ALIGNMENT_BYTES = 256

/**
 * `persistent` allocations keep their contents between runs and are shared, by name, by all Plans of a Program.
 * `input` ones are written by the host before a run, `output` ones may be read after it, `scratch` ones hold nothing of interest.
 */
export type AllocationRole = 'persistent' | 'input' | 'output' | 'scratch'

export interface Allocation {
  readonly name: string
  readonly role: AllocationRole
  readonly bytes: number
}

/** A tensor's place: `length` elements of `element` at `offsetBytes` of allocation number `allocation`. */
export interface View {
  readonly allocation: number
  readonly offsetBytes: number
  readonly length: number
  readonly element: StorageType
}

export interface KernelCall {
  readonly kernel: Kernel
  readonly dims: Dims
  /** A view for every buffer of the kernel that the call binds. */
  readonly views: Readonly<Record<string, View>>
  /** The node it comes from, for labels and diagnoses: `conv1/matmul`. */
  readonly label: string
}

export interface PlanPort {
  readonly view: View
  readonly shape: readonly number[]
}

export interface Plan {
  readonly name: string
  readonly allocations: readonly Allocation[]
  readonly calls: readonly KernelCall[]
  /** What the host writes before each run, by name. */
  readonly inputs: Readonly<Record<string, PlanPort>>
  /** What the host may read after a run, by name. */
  readonly outputs: Readonly<Record<string, PlanPort>>
  /** Bytes of all allocations together: the peak, but for what a runner's own algorithms need beside them (`Program.bytes`), as nothing is allocated while running. */
  readonly peakBytes: number
}

export interface AdapterDescription {
  /** 'gpu' | 'wasm' | 'cpu'. */
  readonly runner: string
  /** For people: "NVIDIA GeForce RTX 3060", "SwiftShader (software)", "CPU reference". */
  readonly name: string
  /** True where WebGPU itself is emulated on the CPU. */
  readonly software: boolean
  /** Runs Plans that store activations as f16. */
  readonly half?: boolean
  /** Why this runner was taken, where there was a choice: a real GPU, the faster in a measurement, or the only one there is. */
  readonly because?: 'hardware' | 'faster' | 'no-webgpu' | 'no-gpu' | 'asked'
}

export type HostArray = Float32Array | Uint32Array

/** Executes Plans on one device. Owns the device. */
export interface Runner {
  readonly adapter: AdapterDescription
  /**
   * Allocates the Plans' memory (persistent allocations of the same name once) and begins to prepare every call.
   * `onProgress` hears of compiling and tuning, 0..1, and on a GPU how much memory it takes before that is allocated. Throws
   * ConfigError where the Plans do not fit the device.
   */
  load(plans: readonly Plan[], onProgress?: (fraction: number, doing: string) => void): Promise<Program>
  /** Resolves once, when the device is gone; every later call on it or its Programs rejects with DeviceLostError. */
  readonly lost: Promise<string>
  dispose(): void
}

/** Plans loaded on a device, sharing persistent memory. Calls take effect in the order made. */
export interface Program {
  /** What it holds on the device, the workspaces of its algorithms included. */
  readonly bytes: number
  /** Overwrites a persistent allocation from its start; the length must match. */
  write(allocation: string, data: HostArray): void
  /** Sets a persistent allocation to zero. */
  clear(allocation: string): void
  /** Enqueues one run. Inputs are copied at once, so the caller may reuse its arrays. */
  run(plan: string, inputs: Readonly<Record<string, HostArray>>): void
  /** Reads persistent allocations whole, after everything enqueued before. One round trip for all. */
  read(allocations: readonly string[]): Promise<readonly Float32Array[]>
  /** Reads outputs of the last run of `plan`. */
  readOutputs(plan: string, names: readonly string[]): Promise<Readonly<Record<string, Float32Array>>>
  /** Resolves when everything enqueued so far is done: back-pressure for long loops. */
  settled(): Promise<void>
  /** Resolves when every call is compiled, and rejects where one cannot be. Runs may be enqueued before: they begin as what they need comes. */
  compiled?(): Promise<void>
  /** Looks for faster ways to run its calls for about this long, where the runner can; false when there is nothing left to try. For idle times. */
  improve?(budgetMs: number): Promise<boolean>
  dispose(): void
}

/** The device cannot hold the Plans. They may fit when compiled with a lower `memoryLimitBytes`. */
export class OutOfMemoryError extends ConfigError {}

/** The device computes something wrongly, whatever way it is asked to: nothing that it trains is worth having. */
export class WrongResultsError extends Error {
  override readonly name = 'WrongResultsError'
}

/** The device was lost (driver reset, tab in the background, GPU unplugged): make a new Runner and go on. */
export class DeviceLostError extends Error {
  override readonly name = 'DeviceLostError'
}
