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
  /** The same, each as it comes. */
  each(kernel: Kernel, dims: Dims, variant: Variant): readonly Promise<GPUComputePipeline>[]
  /**
   * What compiling each of what `get` makes took, once for dispatches that share one. `alone`: what was compiled beside others is
   * compiled again for that and not kept, so ask while nothing else is done. Undefined where not all is begun by the deadline.
   */
  compiled(kernel: Kernel, dims: Dims, variant: Variant, how: { readonly alone: boolean; readonly deadline: number }): Promise<readonly Compiled[] | undefined>
}

export interface Compiled {
  /** Equal for what is one pipeline. */
  readonly code: string
  readonly ms: number
}

export function createPipelines(device: GPUDevice, halfMode: HalfMode = 'f16'): Pipelines {
  const made = new Map<string, Promise<GPUComputePipeline>>()
  const first = new Map<string, Compiled>()
  const compiledAlone = new Map<string, Promise<Compiled>>()
  let begun = 0, done = 0
  const timed = async (code: string, label: string): Promise<{ readonly pipeline: GPUComputePipeline; readonly compiled: Compiled; readonly alone: boolean }> => {
    const single = begun++ === done
    const own = begun
    const start = performance.now()
    try {
      const pipeline = await create(device, label, code)
      return { pipeline, compiled: { code, ms: performance.now() - start }, alone: single && begun === own }
    } finally {
      done++
    }
  }
  const begin = async (code: string, label: string): Promise<GPUComputePipeline> => {
    const { pipeline, compiled: took, alone } = await timed(code, label)
    first.set(code, took)
    if (alone) compiledAlone.set(code, Promise.resolve(took))
    return pipeline
  }
  const labelOf = (kernel: Kernel, variant: Variant, dispatch: number): string => `${describeVariant(kernel, variant)}${dispatch === 0 ? '' : `, dispatch ${dispatch + 1}`}`
  const get = (code: string, label: string): Promise<GPUComputePipeline> => {
    const pipeline = made.get(code) ?? begin(code, label)
    made.set(code, pipeline)
    return pipeline
  }
  const each = (kernel: Kernel, dims: Dims, variant: Variant): readonly Promise<GPUComputePipeline>[] =>
    shaderSources(kernel, dims, variant, halfMode).map((code, i) => get(code, labelOf(kernel, variant, i)))
  return {
    halfMode,
    get: async (kernel, dims, variant) => Promise.all(each(kernel, dims, variant)),
    each,
    async compiled(kernel, dims, variant, { alone, deadline }) {
      const codes = shaderSources(kernel, dims, variant, halfMode)
      if (!alone) {
        await Promise.all(each(kernel, dims, variant))
        return [...new Set(codes)].map((code) => first.get(code)!)
      }
      const all: Compiled[] = []
      for (const code of new Set(codes)) {
        if (performance.now() >= deadline) return undefined
        const label = labelOf(kernel, variant, codes.indexOf(code))
        await get(code, label)
        // Another text, as drivers and browsers keep what they made of equal ones.
        const again = (): Promise<Compiled> => timed(`${code}\n// again`, label).then(({ compiled }) => ({ code, ms: compiled.ms }))
        const took = compiledAlone.get(code) ?? again()
        compiledAlone.set(code, took)
        all.push(await took)
      }
      return all
    },
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
