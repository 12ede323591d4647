// What a lease ends with whose loss came out NaN or infinite: the run is found, and the call in it that went wrong first.
import { ConfigError, present } from '../base/errors.ts'
import { areFinite } from '../base/math.ts'
import { describeDiagnosis, diagnose, type Diagnosis } from '../graph/diagnose.ts'
import type { HostArray, Plan, Program, Runner } from '../graph/plan.ts'
import { METRICS } from '../kernels/reduce.ts'
import { ALLOCATIONS } from '../train/program.ts'
import { NonFiniteError } from './trainer-port.ts'

/** One of the runs that a lease consists of. */
export interface LeaseRun {
  readonly plan: Plan
  readonly inputs: Readonly<Record<string, HostArray>>
  /** Allocations that are zero when it begins. */
  readonly clears?: readonly string[]
  /** The optimizer step that it is part of, from 0 on. */
  readonly step: number
}

export interface Failed {
  readonly runner: Runner
  /** Has the Plans of all runs. */
  readonly program: Program
  /** Puts persistent allocations back to what they were before the first run. */
  readonly restore: () => void
  /** From the first, each time it is called; inputs are used before the next is asked for. */
  readonly runs: () => Iterable<LeaseRun>
  readonly signal: AbortSignal
}

/** `message` says which loss was not finite, `remedy` what to do; what was found out stands between them. */
export async function nonFiniteError(failed: Failed, message: string, remedy: string): Promise<NonFiniteError> {
  try {
    const bad = await firstBadStep(failed)
    const found = bad === undefined ? undefined : await firstBadCall(failed, bad)
    const why = bad === undefined ? ', as a sum of finite ones' : found === undefined ? ', and finite when computed again' : `: ${describeDiagnosis(found)}`
    return new NonFiniteError(`${message}${why}. ${remedy}`)
  } catch (cause) {
    if (cause instanceof ConfigError) return new NonFiniteError(`${message} (no memory to find out where: ${cause.message}). ${remedy}`)
    throw cause
  }
}

/** The step that first gives a loss, or leaves params, that are not finite. */
async function firstBadStep({ program, restore, runs, signal }: Failed): Promise<number | undefined> {
  restore()
  for (const run of runs()) {
    signal.throwIfAborted()
    begin(program, run)
    program.run(run.plan.name, run.inputs)
    const [metrics, params] = await program.read([ALLOCATIONS.metrics, ALLOCATIONS.params])
    if (!Number.isFinite(present(metrics, 'metrics')[METRICS.loss]) || !areFinite(present(params, 'params'))) return run.step
  }
  return undefined
}

/** Looks into the first run of the step that leaves anything that is not finite: it need not be the one with the loss. */
async function firstBadCall({ runner, program, restore, runs, signal }: Failed, step: number): Promise<Diagnosis | undefined> {
  restore()
  for (const run of runs()) {
    signal.throwIfAborted()
    if (run.step > step) return undefined
    begin(program, run)
    const { plan, inputs } = run
    const names = run.step < step ? [] : plan.allocations.filter(({ role }) => role === 'persistent').map(({ name }) => name)
    const before = names.length === 0 ? [] : await program.read(names)
    program.run(plan.name, inputs)
    if (names.length === 0 || (await program.read(names)).every(areFinite)) continue
    const found = await diagnose({ runner, plan, inputs, persistent: Object.fromEntries(names.map((name, i) => [name, before[i]!])) })
    if (found !== undefined) return found
  }
  return undefined
}

function begin(program: Program, { clears = [] }: LeaseRun): void {
  for (const name of [ALLOCATIONS.metrics, ...clears]) program.clear(name)
}
