// A kernel call over symbolic tensors: what an op lowers to, before tensors have a place in memory.
import type { Dims, Kernel } from '../kernels/kernel.ts'
import type { Tensor } from './tensor.ts'

export interface Call {
  readonly kernel: Kernel
  readonly dims: Dims
  /** A tensor for every buffer of the kernel that the call binds. */
  readonly buffers: Readonly<Record<string, Tensor>>
  readonly label: string
}

/** Tensors that a call reads; `update` buffers count. */
export const readsOf = (call: Call): readonly Tensor[] => buffersOf(call, (access) => access !== 'write')

/** Tensors that a call writes; `update` buffers count. */
export const writesOf = (call: Call): readonly Tensor[] => buffersOf(call, (access) => access !== 'read')

function buffersOf(call: Call, wanted: (access: 'read' | 'write' | 'update') => boolean): readonly Tensor[] {
  return Object.entries(call.buffers).filter(([name]) => wanted(call.kernel.buffers[name]!.access)).map(([, tensor]) => tensor)
}
