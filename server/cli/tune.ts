// `commonweight tune`: measures every row of every kernel that training a model needs, on this machine's GPU, and prints
// what won. The winners are kept where volunteers and the engine under Node look for them.
import { ConfigError } from '../../src/base/errors.ts'
import { openDevice } from '../../src/gpu/device.ts'
import { NO_VULKAN_REMEDY, nodeGpu } from '../../src/gpu/node-gpu.ts'
import { createPipelines } from '../../src/gpu/pipelines.ts'
import { createTuner, type MeasuredKind } from '../../src/gpu/tuner.ts'
import { tuningFile, tuningPath } from '../../src/gpu/tuning-file.ts'
import type { TuningStore } from '../../src/gpu/tuning-store.ts'
import { describeVariant } from '../../src/gpu/wgsl.ts'
import type { Storage } from '../../src/graph/compile.ts'
import type { KernelCall } from '../../src/graph/plan.ts'
import { zoo } from '../../src/model/zoo/index.ts'
import type { ZooModel } from '../../src/model/zoo/zoo-model.ts'
import { compileProgram } from '../../src/train/program.ts'
import { createProgress } from './progress.ts'

export interface TuneOptions {
  readonly model: string
  readonly batch?: number
  /** What activations are stored as: kernels that read and write f16 are others. */
  readonly storage: Storage
  /** SwiftShader instead of a GPU. */
  readonly software: boolean
}

/** Measured between two lines of progress. */
const SLICE_MS = 500

export async function tune({ model: name, batch, storage, software }: TuneOptions): Promise<void> {
  const model = zoo.get(name)
  const batchSize = batch ?? model.recipe.batchSize
  const gpu = await nodeGpu({ software })
  if (gpu === undefined) throw new ConfigError(`Vulkan driver: must exist for WebGPU under Node, got none. ${NO_VULKAN_REMEDY}`)
  const { device, capabilities, fingerprint, description } = await openDevice(gpu)
  if (storage === 'f16' && !capabilities.features.has('shader-f16')) throw new ConfigError(`--storage: must be f32 on ${description.name}, got f16, for which it lacks shader-f16. Leave it out, as training is in f32 there.`)
  const tuner = createTuner({ device, capabilities, fingerprint, pipelines: createPipelines(device), store: forgetful(tuningFile()), budgetMs: 0 })
  console.log(`Tuning ${name}, batch ${batchSize}, ${storage}, on ${description.name}. Ctrl-C leaves it early.`)
  const calls = callsOf(model, { batchSize, storage })
  const choose = await tuner.choose(calls)
  const progress = createProgress(process.stdout)
  const total = tuner.left()
  const show = (): void => progress.update(`${total - tuner.left()} of ${total} kernels measured`)
  do show()
  while (await tuner.improve(SLICE_MS))
  show()
  progress.end()
  const winners = new Set(calls.map((call) => choose(call).variant))
  for (const kind of tuner.measured()) printKind(kind, winners)
  console.log(`\nThe winners (marked *) are kept in ${tuningPath()}.`)
  device.destroy()
}

/** All that is run to train a model by its recipe, in steps of one batch or of several, and to use it. */
export function callsOf({ spec, recipe: { objectives, clip } }: ZooModel, how: { readonly batchSize: number; readonly storage: Storage }): readonly KernelCall[] {
  const { plans } = compileProgram(spec, { ...how, objectives, ...(clip === undefined ? {} : { clip }) })
  return Object.values(plans).flatMap(({ calls }) => calls)
}

/** Measures everything anew, whatever was known. */
const forgetful = (store: TuningStore): TuningStore => ({ get: async () => undefined, set: (key, value) => store.set(key, value) })

function printKind({ kernel, dims, rows }: MeasuredKind, winners: ReadonlySet<unknown>): void {
  console.log(`\n${kernel.name}  ${Object.entries(dims).map(([key, value]) => `${key}=${value}`).join(' ')}`)
  for (const { variant, ms, compileMs } of rows) {
    const row = describeVariant(kernel, variant).slice(kernel.name.length + 1)
    console.log(`  ${winners.has(variant) ? '*' : ' '} ${row.padEnd(48)} ${ms.toFixed(3).padStart(10)} ms ${(kernel.flops(dims) / ms / 1e6).toFixed(2).padStart(9)} GFLOP/s${compileMs.toFixed(0).padStart(7)} ms to compile`)
  }
}
