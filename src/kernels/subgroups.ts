// Which adapters run four invocations as one SIMD unit, for rows that swap within it; and rows that add up by subgroup
// operations what their plain likeness adds up in workgroup memory, with fewer barriers: those work for subgroups of any size
// and order, full or not.
import type { GpuCapabilities, OneDispatch } from './kernel.ts'

/** For GPUs to try after the plain one: its shader finds `subgroups == 1` in directives. */
export const bySubgroups = (algorithm: OneDispatch): OneDispatch => ({ ...algorithm, name: `${algorithm.name}-subgroups`, suits: 'gpu', features: ['subgroups'] })

/** Subgroups have four invocations, always: SwiftShader. */
export const hasQuads = ({ subgroupMinSize, subgroupMaxSize }: GpuCapabilities): boolean => subgroupMinSize === 4 && subgroupMaxSize === 4
