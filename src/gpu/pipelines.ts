// Compute pipelines, made asynchronously and once per distinct WGSL.
import { InvariantError } from '../base/errors.ts'
import type { Dims, Kernel } from '../kernels/kernel.ts'
import type { HalfMode } from './half-access.ts'
import { describeVariant, shaderSources, type Variant } from './wgsl.ts'

export interface Pipelines {
  /** How its modules hold f16. */
  readonly halfMode: HalfMode
  /** The pipelines of a call, one for each dispatch. Many may be awaited at once: the driver compiles them in parallel. Throws InvariantError with the compiler's words. */
  get(kernel: Kernel, dims: Dims, variant: Variant): Promise<readonly GPUComputePipeline[]>
  /** What compiling each of what `get` returned took, once for dispatches that share one; empty until it is done. */
  compiled(pipelines: Promise<readonly GPUComputePipeline[]>): readonly Compiled[]
}

export interface Compiled {
  /** Equal for what is one pipeline. */
  readonly code: string
  /** Milliseconds, as if drivers compiled one after the other, as software ones do. */
  readonly ms: number
}

export function createPipelines(device: GPUDevice, halfMode: HalfMode = 'f16'): Pipelines {
  const made = new Map<string, Promise<GPUComputePipeline>>()
  const compiled = new Map<string, Compiled>()
  const codesOf = new WeakMap<Promise<unknown>, readonly string[]>()
  let lastDoneMs = 0
  const begin = (code: string, label: string): Promise<GPUComputePipeline> => {
    const askedMs = performance.now()
    return create(device, label, code).finally(() => {
      const nowMs = performance.now()
      compiled.set(code, { code, ms: nowMs - Math.max(askedMs, lastDoneMs) })
      lastDoneMs = nowMs
    })
  }
  return {
    halfMode,
    get(kernel, dims, variant) {
      const codes = shaderSources(kernel, dims, variant, halfMode)
      const pipelines = Promise.all(codes.map((code, i) => {
        const pipeline = made.get(code) ?? begin(code, `${describeVariant(kernel, variant)}${i === 0 ? '' : `, dispatch ${i + 1}`}`)
        made.set(code, pipeline)
        return pipeline
      }))
      codesOf.set(pipelines, [...new Set(codes)])
      return pipelines
    },
    compiled: (pipelines) => (codesOf.get(pipelines) ?? []).flatMap((code) => compiled.get(code) ?? []),
  }
}

async function create(device: GPUDevice, label: string, code: string): Promise<GPUComputePipeline> {
  // An invalid module is reported below, with its source line; the scope keeps it from the uncaptured-error handler.
  device.pushErrorScope('validation')
  const module = device.createShaderModule({ label, code })
  const moduleError = device.popErrorScope()
  try {
    return await device.createComputePipelineAsync({ label, layout: 'auto', compute: { module, entryPoint: 'main' } })
  } catch (error) {
    const info = await module.getCompilationInfo()
    const lines = code.split('\n')
    const problems = info.messages.filter(({ type }) => type === 'error')
      .map(({ lineNum, message }) => `${message} at "${(lines[lineNum - 1] ?? '').trim()}"`)
    throw new InvariantError(`${label}: must compile, got ${[...problems, (await moduleError)?.message, String(error)].filter(Boolean).join('; ')}. Correct its shader.`)
  } finally {
    await moduleError
  }
}
