// What a lease ends with whose loss came out NaN or infinite: the run is found, and the call in it that went wrong first.
import { ConfigError, present } from '../base/errors.ts'
import { describeDiagnosis, diagnose, type Diagnosis } from '../graph/diagnose.ts'
import type { HostArray, Plan, Program, Runner } from '../graph/plan.ts'
import { METRICS } from '../kernels/reduce.ts'
import { ALLOCATIONS } from '../train/program.ts'
import { NonFiniteError } from './trainer-port.ts'

type Inputs = Readonly<Record<string, HostArray>>

export interface Failed {
  readonly runner: Runner
  readonly program: Program
  readonly plan: Plan
  /** Puts persistent allocations back to what they were before the first run. */
  readonly restore: () => void
  /** Inputs of the runs of the lease, from the first, each time it is called. */
  readonly runs: () => Iterable<Inputs>
  readonly signal: AbortSignal
}

/** `message` says which loss was not finite, `remedy` what to do; what was found out stands between them. */
export async function nonFiniteError(failed: Failed, message: string, remedy: string): Promise<NonFiniteError> {
  try {
    const bad = await firstBadRun(failed)
    const found = bad === undefined ? undefined : await firstBadCall(failed, bad)
    const why = bad === undefined ? ', as a sum of finite ones' : found === undefined ? ', and finite when computed again' : `: ${describeDiagnosis(found)}`
    return new NonFiniteError(`${message}${why}. ${remedy}`)
  } catch (cause) {
    if (cause instanceof ConfigError) return new NonFiniteError(`${message} (no memory to find out where: ${cause.message}). ${remedy}`)
    throw cause
  }
}

async function firstBadCall({ runner, program, plan, restore, runs }: Failed, bad: number): Promise<Diagnosis | undefined> {
  const names = plan.allocations.filter(({ role }) => role === 'persistent').map(({ name }) => name)
  restore()
  let at = 0
  for (const inputs of runs()) {
    program.clear(ALLOCATIONS.metrics)
    // A run whose loss is finite may leave params that are not, so the one before is looked at too.
    if (at >= bad - 1) {
      const arrays = await program.read(names)
      const found = await diagnose({ runner, plan, inputs, persistent: Object.fromEntries(names.map((name, i) => [name, arrays[i]!])) })
      if (found !== undefined) return found
    }
    if (at++ === bad) return undefined
    program.run(plan.name, inputs)
  }
  return undefined
}

async function firstBadRun({ program, plan, restore, runs, signal }: Failed): Promise<number | undefined> {
  restore()
  let at = 0
  for (const inputs of runs()) {
    signal.throwIfAborted()
    program.clear(ALLOCATIONS.metrics)
    program.run(plan.name, inputs)
    const [metrics] = await program.read([ALLOCATIONS.metrics])
    if (!Number.isFinite(present(metrics, 'metrics')[METRICS.loss])) return at
    at++
  }
  return undefined
}
