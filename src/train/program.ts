// A model as Plans: what a volunteer or a person's page loads on a runner. All Plans share the params by name.
//
//   gradient  grads += sum of weighted gradients, metrics += losses and hits     inputs: x, labels, weights
//   evaluate  metrics += losses and hits                                         inputs: x, labels, weights
//   predict   logits                                                             inputs: x;  output: logits
//   train     one optimizer step, metrics += losses and hits                     inputs: x, labels, weights, hyper
//
// Weights are 1 for an example and 0 for padding where sums are wanted, 1/examples where means are (always in train).
import { ConfigError } from '../base/errors.ts'
import { compilePlan, type Arena } from '../graph/compile.ts'
import type { Call } from '../graph/call.ts'
import { differentiate } from '../graph/differentiate.ts'
import { softmaxCrossEntropy } from '../graph/ops/softmax-cross-entropy.ts'
import type { Plan } from '../graph/plan.ts'
import { input, state } from '../graph/sources.ts'
import { formatShape, inScope, type Tensor } from '../graph/tensor.ts'
import { HYPER } from '../kernels/optimizers.ts'
import { accumulate } from '../kernels/pointwise.ts'
import { accumulateMetrics, METRICS } from '../kernels/reduce.ts'
import { buildModel, type Model } from '../model/build-model.ts'
import type { Layout } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { resolveOptimizer, type ResolvedOptimizer } from '../optim/index.ts'
import type { OptimizerSettings } from '../optim/optimizer.ts'

export interface ProgramOptions {
  /** Examples in one run of a Plan; shorter batches are padded with weight 0. */
  readonly batchSize: number
  /** Asks for the `train` Plan. */
  readonly optimizer?: OptimizerSettings
  /** False keeps every op its own kernel call; for tests. */
  readonly fused?: boolean
}

export interface CompiledProgram {
  readonly model: Model
  readonly layout: Layout
  readonly plans: {
    readonly gradient: Plan
    readonly evaluate: Plan
    readonly predict: Plan
    readonly train?: Plan
  }
  /** Present with the `train` Plan: gives its `hyper` input. */
  readonly optimizer?: ResolvedOptimizer
}

/** Persistent allocations. `step-grads` holds the gradients of one batch; its gaps between tensors stay zero. */
export const ALLOCATIONS = { params: 'params', grads: 'grads', stepGrads: 'step-grads', metrics: 'metrics' } as const

export function compileProgram(spec: ModelSpec, { batchSize, optimizer, fused = true }: ProgramOptions): CompiledProgram {
  const parts = symbolicProgram(spec, batchSize)
  const { model, params, stepGrads, metrics, evaluateCall } = parts
  const { layout } = model
  const grads = wholeArena(ALLOCATIONS.grads, layout.arenaSize)
  const accumulateCall: Call = { kernel: accumulate, dims: { SIZE: layout.arenaSize }, buffers: { x: stepGrads.whole, y: grads.whole }, label: 'accumulate' }
  const plan = (name: string, arenas: readonly WholeArena[], effects: readonly Call[]): Plan => compilePlan({ name, arenas, effects, fused })
  const plans = {
    gradient: plan('gradient', [params, stepGrads, grads, metrics], [evaluateCall, accumulateCall]),
    evaluate: plan('evaluate', [params, metrics], [evaluateCall]),
    predict: compilePlan({ name: 'predict', arenas: [params], outputs: { logits: model.output }, fused }),
  }
  if (optimizer === undefined) return { model, layout, plans }
  const resolved = resolveOptimizer(optimizer)
  const update = updateCall(resolved, params, stepGrads)
  const train = plan('train', [params, stepGrads, metrics, ...update.slots], [evaluateCall, update.call])
  return { model, layout, plans: { ...plans, train }, optimizer: resolved }
}

interface WholeArena extends Arena {
  readonly whole: Tensor
}

const wholeArena = (name: string, length: number, parts: Arena['parts'] = []): WholeArena => ({ name, length, parts, whole: state(name, length) })

interface SymbolicProgram {
  readonly model: Model
  readonly params: WholeArena
  readonly stepGrads: WholeArena
  readonly metrics: WholeArena
  readonly evaluateCall: Call
}

function symbolicProgram(spec: ModelSpec, batchSize: number): SymbolicProgram {
  const model = buildModel(spec, batchSize)
  if (model.output.shape.length !== 2) throw new ConfigError(`${spec.output}: must end in one dimension of classes, got ${formatShape(model.output.shape.slice(1))} for labels []. Add flatten and dense nodes.`)
  const labels = input('labels', [batchSize], 'u32')
  const weights = input('weights', [batchSize])
  const { loss, correct } = inScope('loss', () => softmaxCrossEntropy(model.output, labels, weights))
  const gradients = differentiate({ of: loss, wrt: model.params })
  const { entries, arenaSize } = model.layout
  const place = (tensors: readonly Tensor[]): Arena['parts'] => tensors.map((tensor, i) => ({ tensor, offset: entries[i]!.arenaOffset }))
  const metrics = wholeArena(ALLOCATIONS.metrics, METRICS.length)
  return {
    model,
    params: wholeArena(ALLOCATIONS.params, arenaSize, place(model.params)),
    stepGrads: wholeArena(ALLOCATIONS.stepGrads, arenaSize, place(gradients)),
    metrics,
    evaluateCall: { kernel: accumulateMetrics, dims: { N: batchSize }, buffers: { loss, correct, weights, metrics: metrics.whole }, label: 'metrics' },
  }
}

function updateCall({ optimizer }: ResolvedOptimizer, params: WholeArena, grads: WholeArena): { call: Call; slots: readonly WholeArena[] } {
  const slots = optimizer.slots.map((name) => wholeArena(name, params.length))
  return {
    slots,
    call: {
      kernel: optimizer.kernel,
      dims: optimizer.dims(params.length),
      buffers: { params: params.whole, grads: grads.whole, ...Object.fromEntries(slots.map(({ name, whole }) => [name, whole])), hyper: input('hyper', [HYPER.length]) },
      label: `optimizer/${optimizer.name}`,
    },
  }
}
