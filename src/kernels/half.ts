// A kernel whose activations are stored as f16. Its shaders are the same: whoever makes WGSL of them puts conversions around each
// access, so that all arithmetic stays f32. Made once per set of buffers: the name holds them, so that whatever is remembered by
// name (pipelines, tuning) fits.
import { roundAllToHalf } from '../base/half.ts'
import type { BufferDeclaration, Dims, Kernel, NumberArray } from './kernel.ts'

const made = new Map<string, Kernel>()

/** The buffers that may be stored as f16. */
export const halfBuffers = ({ buffers }: Kernel): readonly string[] => Object.keys(buffers).filter((name) => buffers[name]!.half === true)

/** The kernel with these buffers stored as f16; itself where there are none. */
export function inHalf(kernel: Kernel, names: readonly string[]): Kernel {
  if (names.length === 0) return kernel
  const name = `${kernel.name} in f16 ${names.join(' ')}`
  const known = made.get(name)
  if (known !== undefined) return known
  const { inPlace: _inPlace, epilogue: _epilogue, ...rest } = kernel
  const buffers = Object.fromEntries(Object.entries(kernel.buffers).map(([key, buffer]): [string, BufferDeclaration] => [key, names.includes(key) ? { ...buffer, element: 'f16' } : buffer]))
  const written = names.filter((key) => kernel.buffers[key]!.access !== 'read')
  const half: Kernel = {
    ...rest, name, buffers,
    reference(d: Dims, b: Readonly<Record<string, NumberArray>>) {
      kernel.reference(d, b)
      for (const key of written) if (b[key] !== undefined) roundAllToHalf(b[key] as Float32Array | Float64Array)
    },
  }
  made.set(name, half)
  return half
}
