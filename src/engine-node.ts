// The engine under Node: as engine.ts, on Node's WebGPU where a Vulkan driver is found.
import { compileOn, createCpuRunner, createGpuRunner, type EngineModel, type EngineOptions, type ModelSpec, type Runner } from './engine.ts'
import { nodeGpu } from './gpu/node-gpu.ts'

export * from './engine.ts'

/** As `compile` of a page: the runner is Node's WebGPU or, without one, the CPU reference, unless `options` name another. */
export const compile = (model: ModelSpec | string, options: EngineOptions = {}): Promise<EngineModel> => compileOn(nodeRunner, model, options)

async function nodeRunner(): Promise<Runner> {
  const gpu = await nodeGpu()
  return gpu === undefined ? createCpuRunner() : createGpuRunner({ gpu })
}
