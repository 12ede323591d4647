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
  /** Milliseconds that compiling what `get` returned took, as if drivers compiled one after the other, as software ones do; 0 until it is done. */
  compileMs(pipelines: Promise<readonly GPUComputePipeline[]>): number
}

export function createPipelines(device: GPUDevice, halfMode: HalfMode = 'f16'): Pipelines {
  const made = new Map<string, Promise<readonly GPUComputePipeline[]>>()
  const compileMs = new WeakMap<Promise<unknown>, number>()
  let lastDoneMs = 0
  const begin = (kernel: Kernel, variant: Variant, codes: readonly string[]): Promise<readonly GPUComputePipeline[]> => {
    const askedMs = performance.now()
    const pipelines = Promise.all(codes.map((code, i) => create(device, `${describeVariant(kernel, variant)}${i === 0 ? '' : ', second dispatch'}`, code))).finally(() => {
      const nowMs = performance.now()
      compileMs.set(pipelines, nowMs - Math.max(askedMs, lastDoneMs))
      lastDoneMs = nowMs
    })
    return pipelines
  }
  return {
    halfMode,
    get(kernel, dims, variant) {
      const codes = shaderSources(kernel, dims, variant, halfMode)
      const key = codes.join('\n')
      const pipelines = made.get(key) ?? begin(kernel, variant, codes)
      made.set(key, pipelines)
      return pipelines
    },
    compileMs: (pipelines) => compileMs.get(pipelines) ?? 0,
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
