// Local training of one lease: optimizer steps on its examples from the granted model on. What it gives is how far they
// went, granted model minus trained one, which a server takes for a gradient (Reddi et al. 2021, arXiv 2003.00295).
import { present } from '../base/errors.ts'
import { createRng } from '../base/rng.ts'
import { batchOf, localRates, passOrder, planLocal, type LocalPlan } from '../fed/local-work.ts'
import type { Program, Runner } from '../graph/plan.ts'
import { METRICS } from '../kernels/reduce.ts'
import { pack, unpack } from '../model/layout.ts'
import { randomKey, type Examples } from '../train/host-batches.ts'
import { LOSS_SCALE_ALLOCATIONS } from '../train/loss-scaling.ts'
import { ALLOCATIONS } from '../train/program.ts'
import type { Lease, Metrics } from '../wire/messages.ts'
import { openExamples, type Source } from './batches.ts'
import type { CompiledTraining } from './compiled-run.ts'
import type { KeptOptimizer } from './lease-memory.ts'
import type { LeaseScale } from './lease-scale.ts'
import { nonFiniteError, type LeaseRun } from './non-finite.ts'
import type { NonFiniteError } from './trainer-port.ts'

export interface LocalTrainingRequest {
  /** Holds the granted params. */
  readonly program: Program
  /** Of the program: where a loss is not finite, the steps are looked into on it. */
  readonly runner: Runner
  readonly signal: AbortSignal
  readonly training: CompiledTraining
  readonly source: Source
  readonly lease: Lease
  readonly shardBytes: (hash: string) => Uint8Array
  /** Packed params as they were granted. */
  readonly granted: Float32Array
  /** [size] Added to every gradient. */
  readonly drift: Float32Array | undefined
  /** Where the optimizer goes on from; it begins anew where absent. */
  readonly optimizer: KeptOptimizer | undefined
  /** Of training in f16. */
  readonly scale: LeaseScale | undefined
  /** Heard after each run of a Plan, with the fraction done: waits where the queue is long, throws where the lease is aborted. */
  readonly afterRun: (fraction: number) => Promise<void>
}

export interface LocalResult {
  readonly pseudoGradient: Float32Array
  readonly metrics: Metrics
  /** Where the optimizer has come to, if it will go on. */
  readonly optimizer: KeptOptimizer | undefined
}

export async function trainLocally(request: LocalTrainingRequest): Promise<LocalResult> {
  const { program, training, source, lease, granted, drift, optimizer, scale, afterRun } = request
  const { local, update } = training
  const plan = planLocal(local, { numExamples: lease.numExamples, batchSize: source.batchSize })
  const trained = (packed: Float32Array): Float32Array => unpack(training.layout, packed).subarray(0, training.layout.trainedSize)
  program.clear(ALLOCATIONS.metrics)
  setSlots(request)
  scale?.place(program)
  if (training.pull > 0) program.write(ALLOCATIONS.anchor, trained(granted))
  if (drift !== undefined) program.write(ALLOCATIONS.drift, trained(drift))
  for (const { plan: { name }, inputs, clears = [], fraction } of runsOf(request, plan)) {
    for (const allocation of clears) program.clear(allocation)
    program.run(name, inputs)
    await afterRun(fraction)
  }
  const slots = local.keepOptimizerState === true ? present(update, 'update').slots.map(({ allocation }) => allocation) : []
  const [sums, params, ...slotValues] = await program.read([ALLOCATIONS.metrics, ALLOCATIONS.params, ...slots, ...(scale === undefined ? [] : [LOSS_SCALE_ALLOCATIONS.state])])
  const packed = pack(training.layout, present(params, 'params'))
  const metrics = readMetrics(present(sums, 'metrics'), plan)
  scale?.afterSteps(present(slotValues[slots.length], 'loss scale'), metrics.lossSum)
  if (!Number.isFinite(metrics.lossSum)) throw await failure(request, plan, metrics.lossSum)
  const kept = local.keepOptimizerState === true ? { steps: (optimizer?.steps ?? 0) + plan.steps, slots: Object.fromEntries(slots.map((name, i) => [name, slotValues[i]!])) } : undefined
  return { pseudoGradient: difference(granted, packed), metrics, optimizer: kept }
}

/** In a loop, as a closure called for each param takes ten times as long. */
function difference(from: Float32Array, to: Float32Array): Float32Array {
  const result = new Float32Array(from.length)
  for (let i = 0; i < result.length; i++) result[i] = from[i]! - to[i]!
  return result
}

/** The optimizer's state as it was left, or zeros. */
function setSlots({ program, training, optimizer }: LocalTrainingRequest): void {
  for (const { allocation } of present(training.update, 'update').slots) {
    const kept = optimizer?.slots[allocation]
    if (kept === undefined) program.clear(allocation)
    else program.write(allocation, kept)
  }
}

/** Finds what went wrong by training once more, from the same params and the same optimizer state. */
function failure(request: LocalTrainingRequest, plan: LocalPlan, loss: number): Promise<NonFiniteError> {
  const { runner, program, training: { layout }, lease, granted, signal } = request
  const restore = (): void => {
    program.write(ALLOCATIONS.params, unpack(layout, granted))
    setSlots(request)
  }
  const message = `loss: must be finite, got ${loss} in ${plan.steps} local steps from model version ${lease.modelVersion} on`
  return nonFiniteError({ runner, program, restore, runs: () => runsOf(request, plan), signal }, message, 'Lower local.optimizer.learningRate.')
}

interface LocalRun extends LeaseRun {
  /** Of the lease, once it is done. */
  readonly fraction: number
}

/** A step is one run of `train`, or where it takes more examples than a run does, several of `gradient` and one of `apply`. */
function* runsOf(request: LocalTrainingRequest, plan: LocalPlan): Generator<LocalRun> {
  const { optimizer, training: { local, plans: { train, gradient, apply }, update, batchSize } } = request
  const rate = localRates(local), stepsBefore = optimizer?.steps ?? 0
  const steps = stepsOf(request, plan)
  for (let step = 0; step < plan.steps; step++) {
    const hyper = present(update, 'update').inputs(stepsBefore + step + 1, { learningRate: rate(step) })
    const { batches, count } = steps(step)
    const end = (step + 1) / plan.steps
    if (local.batchSize !== 'all') {
      for (const batch of batches) yield { plan: present(train, 'train plan'), inputs: { ...batch, ...hyper }, step, fraction: end }
      continue
    }
    let done = 0
    for (const inputs of batches) {
      const clears = done === 0 ? [ALLOCATIONS.grads] : []
      done = Math.min(count, done + batchSize)
      yield { plan: gradient, inputs, clears, step, fraction: (step + done / count) / plan.steps }
    }
    yield { plan: present(apply, 'apply plan'), inputs: hyper, step, fraction: end }
  }
}

/** The batches of each step, weighted so that their gradients sum to the mean, and the random numbers that layers draw. */
function stepsOf({ training, source, lease, shardBytes }: LocalTrainingRequest, plan: LocalPlan): (step: number) => { readonly batches: Iterable<Examples>; readonly count: number } {
  const work = JSON.stringify(lease.work)
  const examples = openExamples({ ...source, batchSize: training.batchSize }, lease.work, shardBytes)
  const draws = 'random' in present(training.plans.train, 'train plan').inputs
  // The same work draws the same numbers, whoever computes it.
  const drawn = createRng(work).nextU32()
  let pass = -1, order = new Uint32Array(0)
  return (step) => {
    const at = batchOf(plan, step)
    if (at.pass !== pass) {
      pass = at.pass
      order = passOrder(source.seed, work, pass, lease.numExamples) as Uint32Array<ArrayBuffer>
    }
    const weighted = function* (): Generator<Examples> {
      let part = 0
      for (const { x, labels, weights } of examples(order.subarray(at.start, at.start + at.count))) {
        yield { x, labels, weights: weights.map((weight) => weight / at.count), ...(draws ? { random: randomKey(source.seed, drawn + part++, step) } : {}) }
      }
    }
    return { batches: weighted(), count: at.count }
  }
}

/** Means over all steps, as if every example had been met once: a lease that trains for longer does not count for more. */
function readMetrics(sums: Float32Array, { steps, numExamples }: LocalPlan): Metrics {
  const accuracy = present(sums[METRICS.correct], 'correct') / present(sums[METRICS.examples], 'examples')
  return { lossSum: (present(sums[METRICS.loss], 'loss') / steps) * numExamples, correct: Math.round(accuracy * numExamples) || 0, examples: numExamples }
}

