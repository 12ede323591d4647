// Activations that the epilogues of assembly/ know by their code.
import type { Dims } from '../../kernels/kernel.ts'

const KNOWN = 10

export const knownActivation = (d: Dims): boolean => (d['ACT'] ?? 0) < KNOWN
