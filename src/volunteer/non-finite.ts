// What a lease ends with whose loss came out NaN or infinite: the batch is found, and the call in it that went wrong first.
import { ConfigError, present } from '../base/errors.ts'
import { describeDiagnosis, diagnose } from '../graph/diagnose.ts'
import type { HostArray, Plan, Program, Runner } from '../graph/plan.ts'
import { METRICS } from '../kernels/reduce.ts'
import { ALLOCATIONS } from '../train/program.ts'
import { NonFiniteError } from './trainer-port.ts'

export interface Failed {
  readonly runner: Runner
  /** Params as they were when the lease was computed. */
  readonly program: Program
  readonly plan: Plan
  /** Inputs of the runs of the lease, once more. */
  readonly runs: Iterable<Readonly<Record<string, HostArray>>>
  readonly loss: number
  readonly modelVersion: number
  readonly signal: AbortSignal
}

export async function nonFiniteError({ runner, program, plan, runs, loss, modelVersion, signal }: Failed): Promise<NonFiniteError> {
  const error = (why: string): NonFiniteError => new NonFiniteError(`loss: must be finite, got ${loss} at model version ${modelVersion}${why}. Lower the learning rate.`)
  const persistent = { [ALLOCATIONS.params]: present((await program.read([ALLOCATIONS.params]))[0], 'params') }
  for (const inputs of runs) {
    signal.throwIfAborted()
    program.clear(ALLOCATIONS.metrics)
    program.run(plan.name, inputs)
    const [metrics] = await program.read([ALLOCATIONS.metrics])
    if (Number.isFinite(present(metrics, 'metrics')[METRICS.loss])) continue
    try {
      const found = await diagnose({ runner, plan, persistent, inputs })
      return error(found === undefined ? ' and finite when it was computed again' : `: ${describeDiagnosis(found)}`)
    } catch (cause) {
      if (cause instanceof ConfigError) return error(` (no memory to find out where: ${cause.message})`)
      throw cause
    }
  }
  return error(' as a sum of finite losses')
}
