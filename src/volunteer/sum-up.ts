// One pass over a lease's examples at the granted params: the summed gradient, or an evaluation's sums.
import type { Clock } from '../base/clock.ts'
import { present, WireError } from '../base/errors.ts'
import { createRng } from '../base/rng.ts'
import type { Plan, Program, Runner } from '../graph/plan.ts'
import { METRICS } from '../kernels/reduce.ts'
import { randomKey, type Examples } from '../train/host-batches.ts'
import { ALLOCATIONS } from '../train/program.ts'
import type { Lease, Metrics } from '../wire/messages.ts'
import { batches, type Source } from './batches.ts'
import type { LeaseScale } from './lease-scale.ts'
import { nonFiniteError, type LeaseRun } from './non-finite.ts'
import { createPace } from './pace.ts'
import type { WorkHooks } from './trainer-port.ts'

export interface SumRequest extends WorkHooks {
  readonly runner: Runner
  /** Holds the granted params. */
  readonly program: Program
  /** `gradient` or `evaluate`, as the lease wants it. */
  readonly plan: Plan
  readonly source: Source
  readonly lease: Lease
  readonly shardBytes: (hash: string) => Uint8Array
  readonly clock: Clock
  /** Of training in f16. */
  readonly scale: LeaseScale | undefined
}

/** `grads` as they lie in the arena, of training leases. */
export async function sumUp(request: SumRequest): Promise<{ readonly metrics: Metrics; readonly grads: Float32Array | undefined }> {
  const { program, plan, source, lease, clock, signal, onProgress, scale } = request
  const allocations = [ALLOCATIONS.metrics, ...(lease.kind === 'train' ? [ALLOCATIONS.grads] : [])]
  const restore = (): void => allocations.forEach((name) => program.clear(name))
  restore()
  if (lease.kind === 'train') scale?.place(program, source.batchSize)
  const runs = (): Generator<Examples> => inputsOf(request)
  const pace = createPace(clock)
  let done = 0
  for (const inputs of runs()) {
    program.run(plan.name, inputs)
    done = Math.min(lease.numExamples, done + source.batchSize)
    if (!pace.due()) continue
    await program.settled()
    signal.throwIfAborted()
    pace.settled()
    onProgress('computing', done / lease.numExamples)
  }
  const [metrics, grads] = await program.read(allocations)
  signal.throwIfAborted()
  const loss = present(metrics?.[METRICS.loss], 'loss')
  if (grads !== undefined) scale?.afterGradient(grads, loss)
  if (!Number.isFinite(loss)) {
    const message = `loss: must be finite, got ${loss} at model version ${lease.modelVersion}`
    throw await nonFiniteError({ ...request, restore, runs: () => separately(plan, runs()) }, message, 'Lower the learning rate.')
  }
  return { metrics: readMetrics(present(metrics, 'metrics'), lease), grads }
}

function* inputsOf({ plan, source, lease, shardBytes }: SumRequest): Generator<Examples> {
  // The same work draws the same numbers, whoever computes it.
  const drawn = createRng(JSON.stringify(lease.work)).nextU32()
  let first = 0
  for (const { x, labels, weights } of batches(source, lease.work, shardBytes)) {
    yield { x, labels, weights, ...('random' in plan.inputs ? { random: randomKey(source.seed, drawn, first) } : {}) }
    first += source.batchSize
  }
}

/** No run begins with what another left in the params. */
function* separately(plan: Plan, runs: Iterable<Examples>): Generator<LeaseRun> {
  let step = 0
  for (const inputs of runs) yield { plan, inputs, step: step++ }
}

function readMetrics(values: Float32Array, lease: Lease): Metrics {
  const lossSum = present(values[METRICS.loss], 'loss')
  const examples = present(values[METRICS.examples], 'examples')
  if (examples !== lease.numExamples) throw new WireError(`lease ${lease.leaseId}: must have slices of ${lease.numExamples} examples, got ${examples}.`)
  return { lossSum, correct: present(values[METRICS.correct], 'correct'), examples }
}
