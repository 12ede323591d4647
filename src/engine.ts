// The engine by itself: compile a model and train it in a page, a worker or Node, with no coordinator.
//
//   const model = await compile('mnist-mlp', { batchSize: 64, optimizer: { name: 'adam', learningRate: 1e-3 } })
//   for (const { x, labels } of batches) await model.train(x, labels)
//   const { loss, accuracy } = await model.evaluate(test.x, test.labels)
//   const logits = await model.predict(image)
//   const params = await model.params()
import { ConfigError } from './base/errors.ts'
import { product } from './base/math.ts'
import { createCpuRunner } from './cpu/runner.ts'
import { browserGpu } from './gpu/device.ts'
import { createGpuRunner } from './gpu/runner.ts'
import type { AdapterDescription, HostArray, Program, Runner } from './graph/plan.ts'
import { formatShape } from './graph/tensor.ts'
import { METRICS } from './kernels/reduce.ts'
import { initialParams } from './model/initial-params.ts'
import { pack, unpack, type Layout } from './model/layout.ts'
import type { ModelSpec } from './model/spec.ts'
import { zoo } from './model/zoo/index.ts'
import type { OptimizerSettings } from './optim/optimizer.ts'
import { ALLOCATIONS, compileProgram, type CompiledProgram } from './train/program.ts'

export { browserGpu, createCpuRunner, createGpuRunner, zoo }
export type { AdapterDescription, Layout, ModelSpec, OptimizerSettings, Runner }

export interface EngineOptions {
  /** Examples in one step; other numbers of examples are padded or cut into batches of this size. */
  readonly batchSize?: number
  readonly optimizer?: OptimizerSettings
  /** Where it runs: the GPU where there is WebGPU, else the CPU reference. */
  readonly runner?: Runner
  /** Of the initial params. */
  readonly seed?: number
  /** Hears of compiling and tuning, 0..1. */
  readonly onProgress?: (fraction: number, doing: string) => void
}

export interface Metrics {
  readonly loss: number
  readonly accuracy: number
  readonly examples: number
}

export interface EngineModel {
  readonly spec: ModelSpec
  /** Names, shapes and packed offsets of the params. */
  readonly layout: Layout
  readonly adapter: AdapterDescription
  /** One optimizer step on at most batchSize examples; x is [n, ...shape]. `learningRate` overrides the optimizer's. */
  train(x: Float32Array, labels: Uint32Array, learningRate?: number): Promise<void>
  /** Means over everything trained on since the last call; waits for it. */
  trainingMetrics(): Promise<Metrics>
  /** Means over any number of examples. */
  evaluate(x: Float32Array, labels: Uint32Array): Promise<Metrics>
  /** Logits [n, classes] of any number of examples. */
  predict(x: Float32Array): Promise<Float32Array>
  /** A packed copy of the params. */
  params(): Promise<Float32Array>
  setParams(packed: Float32Array): void
  dispose(): void
}

/** Runs that may be enqueued before waiting for them: keeps the queue, and the time to stop, short. */
const RUNS_IN_FLIGHT = 8

export async function compile(model: ModelSpec | string, options: EngineOptions = {}): Promise<EngineModel> {
  const spec = typeof model === 'string' ? zoo.get(model).spec : model
  const { batchSize = 64, optimizer = { name: 'adam', learningRate: 1e-3 }, seed = 1, onProgress } = options
  const compiled = compileProgram(spec, { batchSize, optimizer })
  const runner = options.runner ?? await defaultRunner()
  const { train, evaluate, predict } = compiled.plans
  const program = await runner.load([train!, evaluate, predict], onProgress)
  program.write(ALLOCATIONS.params, unpack(compiled.layout, initialParams(spec, seed)))
  return engineModel(compiled, program, runner)
}

async function defaultRunner(): Promise<Runner> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu
  return gpu === undefined ? createCpuRunner() : createGpuRunner({ gpu })
}

function engineModel(compiled: CompiledProgram, program: Program, { adapter }: Runner): EngineModel {
  const { model: { spec, batchSize, output }, layout } = compiled
  const batches = createBatches(compiled)
  const sums = createSums(program)
  let step = 0
  return {
    spec,
    layout,
    adapter,
    async train(x, labels, learningRate) {
      const [batch, ...rest] = batches(x, labels)
      if (rest.length > 0) throw new ConfigError(`train: must have at most batchSize ${batchSize} examples, got ${labels.length}. Cut them into batches, or compile with a larger batchSize.`)
      const update = compiled.update!.inputs(++step, { learningRate })
      program.run('train', { ...batch!.input, labels: batch!.labels, weights: batch!.weights(1 / batch!.examples), ...update })
      if (step % RUNS_IN_FLIGHT === 0) await program.settled()
    },
    async trainingMetrics() {
      const trained = await sums.take()
      // Weights are 1/examples in a step, so a step's loss is its mean already.
      const result = { loss: trained.loss / (step - sums.takenAtStep), accuracy: trained.correct / trained.examples, examples: trained.examples }
      sums.takenAtStep = step
      return result
    },
    async evaluate(x, labels) {
      await sums.keep()
      for (const [i, batch] of batches(x, labels).entries()) {
        program.run('evaluate', { ...batch.input, labels: batch.labels, weights: batch.weights(1) })
        if (i % RUNS_IN_FLIGHT === RUNS_IN_FLIGHT - 1) await program.settled()
      }
      const { loss, correct, examples } = await readSums(program)
      return { loss: loss / examples, accuracy: correct / examples, examples }
    },
    async predict(x) {
      const classes = output.shape[1]!
      const logits: number[] = []
      for (const { input, examples } of batches(x)) {
        program.run('predict', input)
        const outputs = await program.readOutputs('predict', ['logits'])
        logits.push(...outputs['logits']!.subarray(0, examples * classes))
      }
      return Float32Array.from(logits)
    },
    async params() {
      const [arena] = await program.read([ALLOCATIONS.params])
      return pack(layout, arena!)
    },
    setParams(packed) {
      if (packed.length !== layout.packedSize) throw new ConfigError(`params: must have ${layout.packedSize} elements for ${spec.name}, got ${packed.length}. Use params of this model.`)
      program.write(ALLOCATIONS.params, unpack(layout, packed))
    },
    dispose: () => program.dispose(),
  }
}

interface Sums {
  readonly loss: number
  readonly correct: number
  readonly examples: number
}

/** What the device has summed up since the last reading. */
async function readSums(program: Program): Promise<Sums> {
  const [metrics] = await program.read([ALLOCATIONS.metrics])
  program.clear(ALLOCATIONS.metrics)
  return { loss: metrics![METRICS.loss]!, correct: metrics![METRICS.correct]!, examples: metrics![METRICS.examples]! }
}

/** Training sums, set aside while an evaluation uses the device's metrics. */
function createSums(program: Program): { keep: () => Promise<void>; take: () => Promise<Sums>; takenAtStep: number } {
  let kept: Sums = { loss: 0, correct: 0, examples: 0 }
  const keep = async (): Promise<void> => {
    const { loss, correct, examples } = await readSums(program)
    kept = { loss: kept.loss + loss, correct: kept.correct + correct, examples: kept.examples + examples }
  }
  return {
    keep,
    async take() {
      await keep()
      const taken = kept
      kept = { loss: 0, correct: 0, examples: 0 }
      return taken
    },
    takenAtStep: 0,
  }
}

interface Batch {
  readonly input: Readonly<Record<string, HostArray>>
  readonly labels: HostArray
  readonly examples: number
  /** `weight` for each example, 0 for padding. */
  readonly weights: (weight: number) => Float32Array
}

/** Cuts examples into padded batches. */
function createBatches({ model: { spec, batchSize, inputs } }: CompiledProgram): (x: Float32Array, labels?: Uint32Array) => readonly Batch[] {
  const [name, ...others] = Object.keys(inputs)
  if (others.length > 0) throw new ConfigError(`${spec.name}: must have one input to be used here, got ${others.length + 1}. Use compileProgram and name each input.`)
  const shape = inputs[name!]!.shape.slice(1)
  const size = product(shape)
  return (x, labels) => {
    const total = countExamples(size, shape, x, labels)
    return Array.from({ length: Math.ceil(total / batchSize) }, (_, i): Batch => {
      const start = i * batchSize, end = Math.min(total, start + batchSize)
      return {
        input: { [name!]: padded(x.subarray(start * size, end * size), batchSize * size) },
        labels: padded(labels?.subarray(start, end) ?? new Uint32Array(0), batchSize),
        examples: end - start,
        weights: (weight) => new Float32Array(batchSize).fill(weight, 0, end - start),
      }
    })
  }
}

/** Number of examples in x, checked against the labels. */
function countExamples(size: number, shape: readonly number[], x: Float32Array, labels?: Uint32Array): number {
  const examples = x.length / size
  if (!Number.isInteger(examples) || examples === 0) throw new ConfigError(`x: must hold whole examples of shape ${formatShape(shape)}, got ${x.length} elements. Pass n * ${size} numbers.`)
  if (labels !== undefined && labels.length !== examples) throw new ConfigError(`labels: must have one for each example, got ${labels.length} for ${examples}. Pass as many labels as examples.`)
  return examples
}

/** `data`, followed by zeros up to `length`; itself where it is that long. */
function padded<T extends HostArray>(data: T, length: number): T {
  if (data.length === length) return data
  const whole = new (data.constructor as new (length: number) => T)(length)
  whole.set(data)
  return whole
}
