// Whether rows compute on this adapter what their references do. Each is asked once for each probe.
import type { Dims, GpuCapabilities, Kernel } from '../kernels/kernel.ts'
import { fits } from './candidates.ts'
import type { Pipelines } from './pipelines.ts'
import { probe } from './probe.ts'
import { describeVariant, type Variant } from './wgsl.ts'

export interface Proofs {
  /** Held against the reference on the probes that are most like the call. Throws OutOfMemoryError where there is no memory to try it in. */
  isRight(call: { readonly kernel: Kernel; readonly dims: Dims }, variant: Variant): Promise<boolean>
}

interface ProofOptions {
  readonly device: GPUDevice
  readonly pipelines: Pipelines
  readonly capabilities: GpuCapabilities
}

/** Probes that a row is checked on. */
const MOST_PROBES = 2

export function createProofs({ device, pipelines, capabilities }: ProofOptions): Proofs {
  /** Rows found right or wrong, by their description and the probe. */
  const checks = new Map<string, Promise<boolean>>()
  const check = (kernel: Kernel, variant: Variant, dims: Dims): Promise<boolean> => {
    const key = `${describeVariant(kernel, variant)} ${JSON.stringify(dims)}`
    const known = checks.get(key)
    if (known !== undefined) return known
    const right = probe({ device, pipelines, kernel, dims, variant, tolerance: 'permissive' }).then((wrong) => wrong.length === 0)
    checks.set(key, right)
    // What failed for want of memory may be asked again.
    right.catch(() => checks.delete(key))
    return right
  }
  return {
    async isRight({ kernel, dims }, variant) {
      const likeness = (probeDims: Dims): number => Object.entries(probeDims).filter(([name, value]) => dims[name] === value).length
      const usable = kernel.probes.filter((probeDims) => fits(kernel, variant, probeDims, capabilities))
      const nearest = [...usable].sort((a, b) => likeness(b) - likeness(a)).slice(0, MOST_PROBES)
      const verdicts = await Promise.all(nearest.map((probeDims) => check(kernel, variant, probeDims)))
      return verdicts.length > 0 && verdicts.every((right) => right)
    },
  }
}
