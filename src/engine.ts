// The engine by itself: compile a model and train it in a page, a worker or Node, with no coordinator.
//
//   const model = await compile('mnist-mlp')
//   for (const { x, labels } of batches) await model.train(x, labels)
//   const { loss, accuracy } = await model.evaluate(test.x, test.labels)
//   const logits = await model.predict(image)
//   const tensors = await model.tensors()
import * as v from 'valibot'
import { ConfigError, present } from './base/errors.ts'
import { parseOptions } from './base/parse-options.ts'
import { nearest } from './base/registry.ts'
import { decodeTrainingState, encodeTrainingState } from './codec/training-state.ts'
import { createCpuRunner } from './cpu/runner.ts'
import { browserGpu, NoAdapterError } from './gpu/device.ts'
import { createGpuRunner } from './gpu/runner.ts'
import { createSurvivingRunner } from './gpu/surviving-runner.ts'
import { tuningDatabase } from './gpu/tuning-database.ts'
import type { TuningStore } from './gpu/tuning-store.ts'
import type { Storage } from './graph/compile.ts'
import type { AdapterDescription, Runner } from './graph/plan.ts'
import { initialParams } from './model/initial-params.ts'
import { unpack, type Layout } from './model/layout.ts'
import type { Objective, Recipe } from './model/recipe.ts'
import { named, names, recipeEntries } from './model/recipe-schema.ts'
import type { ModelSpec } from './model/spec.ts'
import { zoo } from './model/zoo/index.ts'
import { exportOnnx } from './onnx/export-model.ts'
import type { OptimizerSettings } from './optim/optimizer.ts'
import type { Examples } from './train/host-batches.ts'
import type { Metrics } from './train/metrics.ts'
import type { NamedTensors } from './train/named-tensors.ts'
import { loadFitting } from './train/load-fitting.ts'
import { ALLOCATIONS, compileProgram } from './train/program.ts'
import { Session, type EngineModel, type Gradients, type SessionRecipe, type TrainingState } from './train/session.ts'
import { createWasmRunner } from './wasm/runner.ts'

export { browserGpu, createCpuRunner, createGpuRunner, createSurvivingRunner, createWasmRunner, decodeTrainingState, encodeTrainingState, exportOnnx, zoo }
export type { AdapterDescription, EngineModel, Examples, Gradients, Layout, Metrics, ModelSpec, NamedTensors, Objective, OptimizerSettings, Recipe, Runner, TrainingState }

/** A whole recipe may stand among them: its `steps` are for whoever calls `train` to count. */
export interface EngineOptions extends Partial<Recipe> {
  /** One optimizer for all params, instead of `objectives`. Without either, a model of the zoo has its recipe's and another Adam. */
  readonly optimizer?: OptimizerSettings
  /** Where it runs: a GPU where there is one, else WebAssembly. */
  readonly runner?: Runner
  /**
   * What activations and their gradients are stored as: f16 halves their memory, with the arithmetic and all that is learned in f32 and
   * the losses scaled. Where the runner has no f16 it is f32, which the model's `storage` says. f32 where absent.
   */
  readonly storage?: Storage
  /** Of the initial params and of what layers draw in training. */
  readonly seed?: number
  /** Asks for `gradients`, and names the inputs that it gives gradients of too; [] for those of params alone. */
  readonly inputGradients?: readonly string[]
  /** Hears of compiling and tuning, 0..1. */
  readonly onProgress?: (fraction: number, doing: string) => void
}

const OptionsSchema = v.strictObject({
  ...recipeEntries, optimizer: v.optional(named), runner: v.optional(v.unknown()), storage: v.optional(v.string()), seed: v.optional(v.number()),
  inputGradients: v.optional(names), onProgress: v.optional(v.function()),
})

/**
 * Throws ConfigError for specs and options that cannot work, saying where and what to do. Shaders may still compile when it
 * resolves: the first call begins as they come, and `onProgress` hears of the last ones.
 */
export const compile = (model: ModelSpec | string, options: EngineOptions = {}): Promise<EngineModel> => compileOn(defaultRunner, model, options)

/** As `compile`, for a host that knows which runner is best where none is named. */
export async function compileOn(createRunner: () => Promise<Runner>, model: ModelSpec | string, options: EngineOptions = {}): Promise<EngineModel> {
  checkOptions(options)
  const known = typeof model === 'string' ? zoo.get(model) : undefined
  const spec = known?.spec ?? model as ModelSpec
  const recipe = recipeOf(known?.recipe, options)
  const { seed = 1, inputGradients, onProgress } = options
  if (!Number.isSafeInteger(seed) || seed < 0) throw new ConfigError(`seed: must be a whole number, got ${seed}. Use 1, for example.`)
  const several = recipe.accumulate > 1
  const wanted = storageOf(options.storage)
  let ownRunner: Runner | undefined
  let adapter: AdapterDescription | undefined
  const open = async (): Promise<Runner> => {
    const runner = options.runner ?? (ownRunner ??= await createRunner())
    adapter = runner.adapter
    return runner
  }
  const storage = wanted === 'f16' && (await open()).adapter.half === true ? 'f16' : 'f32'
  const { compiled, program } = await loadFitting({
    compile: (memoryLimitBytes) => compileProgram(spec, { ...recipe, ...(inputGradients === undefined ? {} : { inputGradients }), storage, memoryLimitBytes }),
    // What is not asked for is not loaded either: a Plan costs time to compile and to tune.
    plans: ({ plans: { train, apply, gradient, inspect, evaluate, predict } }) =>
      [train!, evaluate, predict, ...(inspect === undefined ? [] : [inspect]), ...(several ? [gradient, apply!] : [])],
    load: async (plans) => (await open()).load(plans, onProgress),
  }).catch((error: unknown) => {
    ownRunner?.dispose()
    throw error
  })
  program.write(ALLOCATIONS.params, unpack(compiled.layout, initialParams(spec, seed)))
  return new Session({ compiled, program, adapter: present(adapter, 'adapter'), storage, recipe, seed, gives: inputGradients, ownRunner })
}

function checkOptions(options: EngineOptions): void {
  if ('learningRate' in options) throw new ConfigError(`options.learningRate: must be said of an optimizer, got ${options.learningRate} without one. Write optimizer: { name: 'adam', learningRate: 1e-3 }, for example.`)
  const runner: unknown = options.runner
  if (runner !== undefined && typeof (runner as Partial<Runner> | null)?.load !== 'function') throw new ConfigError(`options.runner: must be a runner, got ${String(runner)}. Write runner: await createWasmRunner(), for example.`)
  parseOptions(OptionsSchema, options, 'options')
}

function storageOf(storage: string = 'f32'): Storage {
  if (storage === 'f32' || storage === 'f16') return storage
  throw new ConfigError(`storage: must be f32 or f16, got "${storage}". ${nearest(storage, ['f32', 'f16'])}`)
}

function recipeOf(known: Recipe | undefined, { optimizer, objectives, schedule, clip, batchSize, accumulate: batches }: EngineOptions): SessionRecipe {
  if (optimizer !== undefined && objectives !== undefined) throw new ConfigError('optimizer: must be given alone or in each of the objectives, got both. Remove one.')
  const own = optimizer === undefined ? objectives : [{ optimizer }]
  // A recipe's schedule, clipping and accumulation suit its own objectives only.
  const base: Partial<Recipe> = own === undefined ? known ?? {} : {}
  const accumulate = batches ?? base.accumulate ?? 1
  if (!Number.isSafeInteger(accumulate) || accumulate < 1) throw new ConfigError(`accumulate: must be a whole number above 0, got ${accumulate}. Use 4, for example.`)
  const chosen = { schedule: schedule ?? base.schedule, clip: clip ?? base.clip }
  return {
    batchSize: batchSize ?? known?.batchSize ?? 64,
    objectives: own ?? base.objectives ?? [{ optimizer: { name: 'adam', learningRate: 1e-3 } }],
    accumulate,
    ...(chosen.schedule === undefined ? {} : { schedule: chosen.schedule }),
    ...(chosen.clip === undefined ? {} : { clip: chosen.clip }),
  }
}

const defaultRunner = async (): Promise<Runner> => await hardwareRunner((globalThis.navigator as Navigator | undefined)?.gpu, tuningDatabase()) ?? createWasmRunner()

/**
 * A runner on a real GPU, which outlives the loss of its device; undefined where WebGPU is missing or emulated on the processor, which
 * WebAssembly uses better. What is found fastest there is remembered in `tuning`.
 */
export async function hardwareRunner(gpu: GPU | undefined, tuning: TuningStore): Promise<Runner | undefined> {
  if (gpu === undefined) return undefined
  try {
    const runner = await createSurvivingRunner(() => createGpuRunner({ gpu, tuning }))
    if (!runner.adapter.software) return runner
    runner.dispose()
  } catch (error) {
    if (!(error instanceof NoAdapterError)) throw error
  }
  return undefined
}
