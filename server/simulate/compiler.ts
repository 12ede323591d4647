// Compiles a run's model once for all volunteers of a simulation.
import { compileRun, type CompiledRun } from '../../src/volunteer/compiled-run.ts'

export function createCompiler(): typeof compileRun {
  const known = new Map<string, CompiledRun>()
  return (recipe, memoryLimitBytes) => {
    const key = JSON.stringify([recipe.model, recipe.batchSize, recipe.storage, recipe.strategy.local, recipe.strategy.corrections, memoryLimitBytes])
    const compiled = known.get(key) ?? compileRun(recipe, memoryLimitBytes)
    known.set(key, compiled)
    return compiled
  }
}
