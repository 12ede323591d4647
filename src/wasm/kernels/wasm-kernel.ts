// How a kernel of a Plan runs on WASM: steps, each a function of assembly/ with integer arguments, done one after another.
import type { Dims, Kernel } from '../../kernels/kernel.ts'

/** Addresses of a call's buffers; 0 for one that is not bound. */
export type Addresses = (buffer: string) => number

export interface Step {
  /** An export of assembly/index.ts. */
  readonly fn: string
  readonly args: readonly number[]
  /** Most parts that the work can be cut into. */
  readonly units: number
  /** Operations, to tell what is worth more than one thread. */
  readonly cost: number
  /** Bytes that each thread needs for itself. */
  readonly own?: (parts: number) => number
  /** True where every part does some work again: one part for each thread, not several. */
  readonly coarse?: boolean
}

export interface WasmKernel {
  /** Name of the kernel; see `wasmKernelOf` for those that are made as they are needed. */
  readonly name: string
  /** False where this cannot compute the call: the reference does. */
  readonly fits?: (d: Dims) => boolean
  /** Bytes that a call's steps hand to each other. */
  readonly shared?: (d: Dims) => number
  readonly steps: (d: Dims, at: Addresses, shared: number, kernel: Kernel) => readonly Step[]
}
