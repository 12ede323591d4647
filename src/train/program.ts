// A model as Plans: what a volunteer or a person's page loads on a runner. All Plans share the params by name.
//
//   gradient  grads += sum of weighted gradients, metrics += losses and hits     inputs: the model's, targets, weights
//   inspect   as gradient, but that running statistics stay as they are          outputs: the gradients of inputs that were asked for, by name
//   evaluate  metrics += losses and hits                                         inputs: the model's, targets, weights
//   predict   what the model answers                                             inputs: the model's;  outputs: logits, and each head's (see headOutput)
//   train     one optimizer step, metrics += losses and hits                     inputs: the model's, targets, weights, update.inputs
//   apply     one optimizer step on `grads`, which several `gradient` runs made  inputs: update.inputs
//
// Training plans also read `random` (see RANDOM in model/layers/layer.ts) where a layer draws random numbers.
//
// Weights are 1 for an example and 0 for padding where sums are wanted, 1/examples where means are (always in train).
import { ConfigError } from '../base/errors.ts'
import { floatBits } from '../base/math.ts'
import { nearest } from '../base/registry.ts'
import { compilePlan, type Arena, type Storage } from '../graph/compile.ts'
import type { Call } from '../graph/call.ts'
import { differentiate } from '../graph/differentiate.ts'
import { add } from '../graph/ops/pointwise.ts'
import type { Plan } from '../graph/plan.ts'
import { state } from '../graph/sources.ts'
import { inScope, type Tensor } from '../graph/tensor.ts'
import { accumulate } from '../kernels/accumulate.ts'
import { proximal } from '../kernels/proximal.ts'
import { accumulateMetrics, METRICS } from '../kernels/reduce.ts'
import { buildModel, type Model } from '../model/build-model.ts'
import type { Layout } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import type { Objective } from '../model/recipe.ts'
import type { OptimizerSettings } from '../optim/optimizer.ts'
import { lossScaling, type LossScaling } from './loss-scaling.ts'
import { resolveObjectives, type ResolvedObjective, type Scope } from './objectives.ts'
import { buildUpdate, groupParams, type ClipSettings, type ParamGroup, type Update } from './update.ts'

export interface ProgramOptions {
  /** Examples in one run of a Plan; shorter batches are padded with weight 0. */
  readonly batchSize: number
  /** Asks for the `train` and `apply` Plans. */
  readonly optimizer?: OptimizerSettings
  /** Which heads train which params, where not all train all; those with no optimizer of their own have `optimizer`. */
  readonly objectives?: readonly TrainedScope[]
  /** Of the gradients. */
  readonly clip?: ClipSettings
  /** Pulls params back to those in the allocation `anchor`: adds pull * (params - anchor) to the gradients of every step. */
  readonly pull?: number
  /** Adds the allocation `drift` to the gradients of every step. */
  readonly drift?: boolean
  /** Asks for the `inspect` Plan, and names the inputs whose gradients it gives too. */
  readonly inputGradients?: readonly string[]
  /** False keeps every op its own kernel call; for tests. */
  readonly fused?: boolean
  /** What activations and their gradients are stored as; f32 where absent. With f16 losses are scaled, and a step whose gradients are not all finite changes nothing else. */
  readonly storage?: Storage
  /** Plans that would need more compute activations again in the backward pass; their `peakBytes` says whether that was enough. */
  readonly memoryLimitBytes?: number
}

export interface TrainedScope extends Scope, Pick<Objective, 'regularise'> {
  readonly optimizer?: OptimizerSettings
}

export interface CompiledProgram {
  readonly model: Model
  readonly layout: Layout
  readonly plans: {
    readonly gradient: Plan
    readonly evaluate: Plan
    readonly predict: Plan
    readonly inspect?: Plan
    readonly train?: Plan
    readonly apply?: Plan
  }
  /** Present with the `train` and `apply` Plans: gives their inputs besides the batch, and says where optimizers keep their state. */
  readonly update?: Update
}

/** Persistent allocations. Gradients and optimizer state are `layout.trainedSize` long. `step-grads` holds the gradients of one batch; its gaps between tensors stay zero. */
export const ALLOCATIONS = { params: 'params', anchor: 'anchor', drift: 'drift', grads: 'grads', stepGrads: 'step-grads', metrics: 'metrics' } as const

/** The metrics of one head, in programs of models with several. */
export const headMetrics = (head: string): string => `metrics/${head}`

/** Output of `predict`: what this head reads, where that is not the model's output. */
export const headOutput = (head: string): string => `head/${head}`

export function compileProgram(spec: ModelSpec, options: ProgramOptions): CompiledProgram {
  const { batchSize, objectives = [{}], inputGradients, fused = true, storage, memoryLimitBytes = Infinity } = options
  const models = [true, false].map((training) => buildModel(spec, batchSize, { training })) as [Model, Model]
  const scopes = resolveObjectives(models[0], objectives)
  const { layout, groups } = groupsOf(models[0].layout, scopes, options)
  const [training, inference] = models.map((model) => symbolicProgram(model, layout)) as [SymbolicProgram, SymbolicProgram]
  const scaling = storage === 'f16' ? lossScaling(batchSize, layout.trainedSize) : undefined
  const scaleArenas = scaling?.arenas ?? []
  const stepGrads = gradientArena(training.model, layout, { objectives: scopes, upstream: scaling?.upstream })
  const grads = wholeArena(ALLOCATIONS.grads, layout.trainedSize)
  const accumulateCall: Call = { kernel: accumulate, dims: { SIZE: layout.trainedSize }, buffers: { x: stepGrads.whole, y: grads.whole }, label: 'accumulate' }
  const plan = (name: string, arenas: readonly Arena[], effects: readonly Call[], outputs: Outputs = {}): Plan => compilePlan({ name, arenas, effects, outputs, fused, storage, memoryLimitBytes })
  const summing = [training.params, stepGrads, grads, ...training.metrics, ...scaleArenas]
  const sum = [...(scaling === undefined ? [] : [scaling.unscale(stepGrads.whole)]), accumulateCall]
  const plans = {
    gradient: plan('gradient', summing, [...training.count, ...training.model.updates, ...sum]),
    evaluate: plan('evaluate', [inference.params, ...inference.metrics], inference.count),
    predict: compilePlan({ name: 'predict', arenas: [inference.params], outputs: answers(inference.model), fused, storage }),
    ...(inputGradients === undefined ? {} : { inspect: plan('inspect', summing, [...training.count, ...sum], gradientsOfInputs(training.model, inputGradients, scaling)) }),
  }
  const { model } = inference
  if (groups === undefined) return { model, layout, plans }
  const updateOn = (allocation: string): Update => buildUpdate({ ...options, layout, groups, gate: scaling?.gate, params: ALLOCATIONS.params, grads: allocation })
  const update = updateOn(ALLOCATIONS.stepGrads), applied = updateOn(ALLOCATIONS.grads)
  const correction = correctionOf(layout, options), correctionOfSum = correctionOf(layout, options)
  const train = plan('train', [training.params, stepGrads, ...training.metrics, ...scaleArenas, ...correction.arenas, ...update.arenas],
    [...training.count, ...training.model.updates, ...(scaling?.decide(stepGrads.whole, true) ?? []), ...correction.calls(stepGrads.whole), ...update.calls])
  const apply = plan('apply', [wholeArena(ALLOCATIONS.params, layout.arenaSize), grads, ...scaleArenas, ...correctionOfSum.arenas, ...applied.arenas],
    [...(scaling?.decide(grads.whole, false) ?? []), ...correctionOfSum.calls(grads.whole), ...applied.calls])
  return { model, layout, plans: { ...plans, train, apply }, update }
}

/** What corrections add to the gradients of a step: a pull back to the anchor, a drift. */
function correctionOf({ trainedSize }: Layout, { pull = 0, drift = false }: ProgramOptions): { readonly arenas: readonly Arena[]; readonly calls: (grads: Tensor) => readonly Call[] } {
  const anchor = wholeArena(ALLOCATIONS.anchor, trainedSize), added = wholeArena(ALLOCATIONS.drift, trainedSize)
  const pulled = (grads: Tensor): Call => ({ kernel: proximal, dims: { SIZE: trainedSize, PULL: floatBits(pull) }, buffers: { params: state(ALLOCATIONS.params, trainedSize), anchor: anchor.whole, grads }, label: 'proximal' })
  const drifted = (grads: Tensor): Call => ({ kernel: accumulate, dims: { SIZE: trainedSize }, buffers: { x: added.whole, y: grads }, label: 'drift' })
  return {
    arenas: [...(pull === 0 ? [] : [anchor]), ...(drift ? [added] : [])],
    calls: (grads) => [...(pull === 0 ? [] : [pulled(grads)]), ...(drift ? [drifted(grads)] : [])],
  }
}

/** The layout as the groups of params want it; no groups where there is no optimizer. */
function groupsOf(layout: Layout, scopes: readonly ResolvedObjective<TrainedScope>[], { optimizer }: ProgramOptions): { readonly layout: Layout; readonly groups?: readonly ParamGroup[] } {
  if (optimizer === undefined && scopes.every(({ objective }) => objective.optimizer === undefined)) return { layout }
  return groupParams(layout, scopes.map(({ objective: { optimizer: own, regularise }, entries }, i) => {
    const chosen = own ?? optimizer
    if (chosen === undefined) throw new ConfigError(`objective ${i + 1}: must have an optimizer, got none. Name one, as the other objectives do.`)
    return { entries, optimizer: chosen, regularise }
  }))
}

interface WholeArena extends Arena {
  readonly whole: Tensor
}

const wholeArena = (name: string, length: number, parts: Arena['parts'] = []): WholeArena => ({ name, length, parts, whole: state(name, length) })

interface SymbolicProgram {
  readonly model: Model
  readonly params: WholeArena
  readonly metrics: readonly WholeArena[]
  /** Add to the metrics. */
  readonly count: readonly Call[]
}

function symbolicProgram(model: Model, { entries, arenaSize }: Layout): SymbolicProgram {
  const metrics = metricsCalls(model)
  return {
    model,
    params: wholeArena(ALLOCATIONS.params, arenaSize, model.params.map((tensor, i) => ({ tensor, offset: entries[i]!.arenaOffset }))),
    metrics: metrics.map(({ arena }) => arena),
    count: metrics.map(({ call }) => call),
  }
}

type Outputs = Readonly<Record<string, Tensor>>

/** Gradients of the losses that each objective lowers, where they lie in `step-grads`. */
function gradientArena({ params }: Model, { entries, trainedSize }: Layout, { objectives, upstream }: { readonly objectives: readonly ResolvedObjective<Scope>[]; readonly upstream: Tensor | undefined }): WholeArena {
  const partOf = new Map(entries.map(({ name, arenaOffset }, i) => [name, { tensor: params[i]!, offset: arenaOffset }]))
  // Objectives of the same heads share one backward pass.
  const headsOf = ({ heads }: ResolvedObjective<Scope>): string => heads.map(({ name }) => name).sort().join()
  const passes = [...new Set(objectives.map(headsOf))].map((heads) => objectives.filter((objective) => headsOf(objective) === heads))
  const parts = passes.flatMap((pass) => {
    const trained = pass.flatMap((objective) => objective.entries.map(({ name }) => partOf.get(name)!))
    const gradients = differentiate({ of: pass[0]!.heads.map(({ loss }) => loss), upstream, wrt: trained.map(({ tensor }) => tensor) })
    return trained.map(({ offset }, i) => ({ tensor: gradients[i]!, offset }))
  })
  return wholeArena(ALLOCATIONS.stepGrads, trainedSize, parts)
}

/** Of the sum of all heads' losses. */
function gradientsOfInputs({ spec, inputs, heads }: Model, names: readonly string[], scaling: LossScaling | undefined): Outputs {
  if (names.length === 0) return {}
  const wrt = names.map((name) => {
    const tensor = inputs[name]
    if (tensor?.element !== 'f32') throw new ConfigError(`inputGradients of ${spec.name}: must name inputs of real numbers, got "${name}". ${nearest(name, Object.keys(inputs).filter((key) => inputs[key]!.element === 'f32'))}`)
    return tensor
  })
  const gradients = differentiate({ of: heads.map(({ loss }) => loss), upstream: scaling?.upstream, wrt })
  return Object.fromEntries(names.map((name, i) => [name, scaling === undefined ? gradients[i]! : scaling.unscaled(gradients[i]!)]))
}

const answers = ({ output, heads }: Model): Outputs =>
  ({ logits: output, ...Object.fromEntries(heads.filter(({ from }) => from !== output).map(({ name, from }) => [headOutput(name), from])) })

/** The sums over all heads, with the hits of the first that has any; and, of a model with several, each head's own. */
function metricsCalls({ heads, weights, batchSize }: Model): readonly { arena: WholeArena; call: Call }[] {
  const sumUp = (name: string, loss: Tensor, correct: Tensor | undefined): { arena: WholeArena; call: Call } => {
    const arena = wholeArena(name, METRICS.length)
    const dims = { N: batchSize, CORRECT: correct === undefined ? 0 : 1 }
    return { arena, call: { kernel: accumulateMetrics, dims, buffers: { loss, ...(correct === undefined ? {} : { correct }), weights, metrics: arena.whole }, label: name } }
  }
  const total = inScope('loss', () => heads.map(({ loss }) => loss).reduce((sum, loss) => add(sum, loss)))
  const all = sumUp(ALLOCATIONS.metrics, total, heads.find(({ correct }) => correct !== undefined)?.correct)
  return heads.length === 1 ? [all] : [all, ...heads.map(({ name, loss, correct }) => sumUp(headMetrics(name), loss, correct))]
}
