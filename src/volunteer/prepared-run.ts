// What a welcome asks of a trainer, compiled: for the runner that there is, as another one may come after a device was lost.
import type { CodecChoice } from '../codec/codec.ts'
import type { Storage } from '../graph/compile.ts'
import type { Program, Runner } from '../graph/plan.ts'
import { loadFitting } from '../train/load-fitting.ts'
import type { Welcome } from '../wire/welcome.ts'
import type { Source } from './batches.ts'
import type { compileRun, CompiledRun, RunRecipe } from './compiled-run.ts'
import { memoryNeeds, type MemoryNeeds } from './lease-memory.ts'
import { LeaseScale } from './lease-scale.ts'

/** Everything about the run that the compiled Plans and the batches depend on. */
export interface PreparedRun {
  readonly source: Source
  readonly codec: CodecChoice
  readonly needs: MemoryNeeds
  /** What the run wants activations stored as, where the runner can: then the recipe has it too. */
  readonly wanted: Storage
  readonly recipe: RunRecipe
  readonly compiled: CompiledRun
  readonly scale: LeaseScale
}

export function prepareRun({ config, model, dataset }: Welcome, runner: Runner | undefined, compile: typeof compileRun): PreparedRun {
  const { batchSize, seed, strategy, storage: wanted = 'f32' } = config
  const recipe = { model, batchSize, strategy, storage: storageOn(runner, wanted) }
  const compiled = compile(recipe)
  return { source: { dataset, seed, batchSize }, codec: strategy.codec, needs: memoryNeeds(strategy, compiled.layout.packedSize), wanted, recipe, compiled, scale: new LeaseScale() }
}

export interface Loading {
  readonly runner: Runner
  readonly compile: typeof compileRun
  readonly onProgress: (fraction: number, doing: string) => void
}

/** Loads it, compiled anew where it does not fit the runner as it is. */
export async function loadRun(prepared: PreparedRun, { runner, compile, onProgress }: Loading): Promise<{ readonly prepared: PreparedRun; readonly program: Program }> {
  const recipe = { ...prepared.recipe, storage: storageOn(runner, prepared.wanted) }
  const known = recipe.storage === prepared.recipe.storage ? prepared.compiled : undefined
  const { compiled, program } = await loadFitting({
    compile: (memoryLimitBytes) => (known !== undefined && memoryLimitBytes === Infinity ? known : compile(recipe, memoryLimitBytes)),
    plans: ({ plans }) => plans,
    load: (plans) => runner.load(plans, onProgress),
  })
  // A lease's time must be computing alone: the coordinator gauges the volunteer by it.
  try {
    await program.compiled?.()
  } catch (error) {
    program.dispose()
    throw error
  }
  return { prepared: { ...prepared, recipe, compiled }, program }
}

const storageOn = (runner: Runner | undefined, wanted: Storage): Storage => (wanted === 'f16' && runner?.adapter.half === true ? 'f16' : 'f32')
