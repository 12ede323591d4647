// The engine under Node: as engine.ts, on Node's WebGPU where a driver for a GPU is found, with the tuning of this machine.
import { compileOn, createWasmRunner, hardwareRunner, type EngineModel, type EngineOptions, type ModelSpec, type Runner } from './engine.ts'
import { nodeGpu } from './gpu/node-gpu.ts'
import { tuningFile } from './gpu/tuning-file.ts'
import { forgiving } from './gpu/tuning-store.ts'

export * from './engine.ts'

/** As `compile` of a page, but that the GPU is that of the npm package `webgpu`. */
export const compile = (model: ModelSpec | string, options: EngineOptions = {}): Promise<EngineModel> => compileOn(nodeRunner, model, options)

const nodeRunner = async (): Promise<Runner> => await hardwareRunner(await nodeGpu(), forgiving(tuningFile())) ?? createWasmRunner()
