// Rows that add up by subgroup operations what their plain likeness adds up in workgroup memory, with fewer barriers. They work for
// subgroups of any size and order, full or not.
import type { Algorithm } from './kernel.ts'

/** For GPUs to try after the plain one: its shader finds `subgroups == 1` in directives. */
export const bySubgroups = (algorithm: Algorithm): Algorithm => ({ ...algorithm, name: `${algorithm.name}-subgroups`, suits: 'gpu', features: ['subgroups'] })
