// A compiled model on a runner: trains, evaluates and predicts on examples that a host holds, and keeps count of its steps.
// Owns the Program, and the runner where it was made for this model.
import { ConfigError } from '../base/errors.ts'
import { product } from '../base/math.ts'
import type { Storage } from '../graph/compile.ts'
import type { AdapterDescription, HostArray, Program, Runner } from '../graph/plan.ts'
import type { Head } from '../model/build-model.ts'
import { pack, unpack, type Layout } from '../model/layout.ts'
import type { Objective, Recipe } from '../model/recipe.ts'
import type { ModelSpec } from '../model/spec.ts'
import { resolveOptimizer } from '../optim/index.ts'
import type { OptimizerSettings } from '../optim/optimizer.ts'
import { resolveSchedule, type Schedule, type ScheduleState } from '../optim/schedules.ts'
import { cutBatches, portsOf, randomKey, type Examples, type HostBatch, type HostPort } from './host-batches.ts'
import { describeLossScale, LOSS_SCALE_ALLOCATIONS, nameLossScale, placeLossScale, type LossScale, type LossScaleState } from './loss-scaling.ts'
import { createMetricsReader, type Metrics, type MetricsReader } from './metrics.ts'
import { nameTensors, placeTensors, readOptimizerState, writeOptimizerState, type NamedTensors } from './named-tensors.ts'
import { ALLOCATIONS, headOutput, type CompiledProgram } from './program.ts'

/** All that training goes on from. */
export interface TrainingState {
  readonly step: number
  readonly tensors: NamedTensors
  /** What the optimizers remember: `adam/m/dense1/weight`. */
  readonly optimizer: NamedTensors
  /** Of a schedule that hears how training goes. */
  readonly schedule?: ScheduleState
  /** Of training in f16. */
  readonly lossScale?: LossScaleState
}

export interface Gradients {
  /** Packed as the params, of the mean loss. */
  readonly params: Float32Array
  /** Of each example's loss divided by their number, in the input's shape, by name. */
  readonly inputs: Readonly<Record<string, Float32Array>>
}

export interface EngineModel {
  readonly spec: ModelSpec
  /** Names, shapes and packed offsets of the params. */
  readonly layout: Layout
  readonly adapter: AdapterDescription
  /** What activations are stored as: f16 where that was asked for and the runner has it. */
  readonly storage: Storage
  /** Optimizer steps taken; with `storage` f16, those that were skipped as their gradients were not finite count too. */
  readonly step: number
  /** With `storage` f16: what losses are multiplied by, and how many steps were skipped. */
  lossScale(): Promise<LossScale | undefined>
  /**
   * One optimizer step on at most batchSize (times `accumulate`) examples, each input and target by its name, or x and labels
   * alone. `learningRate` overrides what the optimizer and the schedule say.
   */
  train(examples: Examples, options?: { readonly learningRate?: number }): Promise<void>
  train(x: Float32Array | Uint32Array, labels: Uint32Array, learningRate?: number): Promise<void>
  /** Means over everything trained on since the last call; waits for it. */
  trainingMetrics(): Promise<Metrics>
  /** Means over any number of examples; a schedule that waits for a plateau hears the loss, or where it should rise the accuracy. */
  evaluate(examples: Examples): Promise<Metrics>
  evaluate(x: Float32Array | Uint32Array, labels: Uint32Array): Promise<Metrics>
  /** The output of any number of examples, [n, ...shape]: logits of classes, for example. */
  predict(examples: Examples | Float32Array | Uint32Array): Promise<Float32Array>
  /** As `predict`, of every head by its name. */
  predictHeads(examples: Examples | Float32Array | Uint32Array): Promise<Readonly<Record<string, Float32Array>>>
  /**
   * Gradients of the mean loss of at most batchSize examples, where `inputGradients` asked for them: those that a step of `train` on
   * these examples would begin with (before `regularise` and `clip`), with what dropout draws for the next step and the batch's own
   * statistics. Nothing of the model changes.
   */
  gradients(examples: Examples): Promise<Gradients>
  /** A packed copy of all tensors. */
  params(): Promise<Float32Array>
  setParams(packed: Float32Array): void
  /** Copies of all tensors, by name: params, buffers and frozen ones. */
  tensors(): Promise<NamedTensors>
  /** Overwrites some or all tensors: a backbone that was trained elsewhere. */
  setTensors(tensors: NamedTensors): Promise<void>
  /** With `setState` of a model compiled alike, training goes on as if it had not stopped. */
  state(): Promise<TrainingState>
  setState(state: TrainingState): Promise<void>
  /**
   * Looks for faster ways to compute on this GPU for about so many milliseconds, for when nothing else is to be done: what compiling
   * found no time for. What it finds is used from then on, and remembered for the next visit. Resolves with whether there is more to
   * try, so `while (await model.improve(100));` tries everything. Results stay the same but for rounding. Throws WrongResultsError where this GPU is found to compute wrongly.
   */
  improve(milliseconds: number): Promise<boolean>
  dispose(): void
}

/** How a session trains, with nothing left out. */
export interface SessionRecipe extends Required<Pick<Recipe, 'batchSize' | 'accumulate'>>, Pick<Recipe, 'schedule' | 'clip'> {
  readonly objectives: readonly (Omit<Objective, 'optimizer'> & { readonly optimizer: OptimizerSettings })[]
}

/** Runs that may be enqueued before waiting for them: keeps the queue, and the time to stop, short. */
const RUNS_IN_FLIGHT = 8

export interface SessionParts {
  readonly compiled: CompiledProgram
  readonly program: Program
  readonly adapter: AdapterDescription
  readonly storage: Storage
  readonly recipe: SessionRecipe
  readonly seed: number
  readonly gives: readonly string[] | undefined
  /** Made for this model, and gone with it. */
  readonly ownRunner: Runner | undefined
}

export class Session implements EngineModel {
  readonly adapter: AdapterDescription
  readonly storage: Storage
  readonly #compiled: CompiledProgram
  readonly #loaded: Program
  readonly #recipe: SessionRecipe
  readonly #seed: number
  readonly #gives: readonly string[] | undefined
  readonly #ownRunner: Runner | undefined
  readonly #reader: MetricsReader
  readonly #learningRate: number
  readonly #schedule: Schedule
  /** What examples consist of: with targets, and without. */
  readonly #ports: Readonly<Record<'all' | 'inputs', Readonly<Record<string, HostPort>>>>
  #step = 0
  #metricsStep = 0
  #runs = 0
  #disposed = false

  constructor({ compiled, program, adapter, storage, recipe, seed, gives, ownRunner }: SessionParts) {
    this.adapter = adapter
    this.storage = storage
    this.#compiled = compiled
    this.#loaded = program
    this.#recipe = recipe
    this.#seed = seed
    this.#gives = gives
    this.#ownRunner = ownRunner
    this.#reader = createMetricsReader(program, compiled.model.heads)
    this.#ports = { all: portsOf(compiled.model, compiled.plans.evaluate), inputs: portsOf(compiled.model, compiled.plans.predict) }
    this.#schedule = resolveSchedule(recipe.schedule ?? { name: 'constant' })
    this.#learningRate = resolveOptimizer(recipe.objectives[0]!.optimizer).learningRate
  }

  get #program(): Program {
    this.#checkUse()
    return this.#loaded
  }

  get #metrics(): MetricsReader {
    this.#checkUse()
    return this.#reader
  }

  #checkUse(): void {
    if (this.#disposed) throw new ConfigError(`${this.spec.name}: must not be used after dispose, got a call. Compile it again.`)
  }

  get spec(): ModelSpec {
    return this.#compiled.model.spec
  }

  get layout(): Layout {
    return this.#compiled.layout
  }

  get step(): number {
    return this.#step
  }

  async train(given: Examples | HostArray, more: Uint32Array | { readonly learningRate?: number } = {}, rate?: number): Promise<void> {
    const { batchSize, accumulate } = this.#recipe
    const batches = this.#cut(given, more)
    const examples = batches.reduce((sum, batch) => sum + batch.examples, 0)
    if (batches.length > accumulate) throw new ConfigError(`train: must have at most ${batchSize * accumulate} examples (batchSize ${batchSize}, accumulate ${accumulate}), got ${examples}. Cut them into batches, or compile with a larger batchSize.`)
    const learningRate = rate ?? ('learningRate' in more ? more.learningRate : undefined) ?? this.#learningRate * this.#schedule.factor(this.#step)
    const update = this.#compiled.update!.inputs(++this.#step, { learningRate })
    const [only] = batches
    if (batches.length === 1) return this.#run('train', { ...only!.inputs, weights: only!.weights(1 / examples), ...update })
    this.#program.clear(ALLOCATIONS.grads)
    for (const [i, batch] of batches.entries()) await this.#run('gradient', { ...batch.inputs, weights: batch.weights(1 / examples) }, { part: i })
    return this.#run('apply', update)
  }

  async trainingMetrics(): Promise<Metrics> {
    const steps = this.#step - this.#metricsStep
    this.#metricsStep = this.#step
    // Weights are 1/examples in a step, so a step's loss is its mean already.
    return this.#metrics.take(steps)
  }

  async evaluate(given: Examples | HostArray, labels?: Uint32Array): Promise<Metrics> {
    const batches = this.#cut(given, labels ?? {})
    await this.#metrics.keep()
    for (const batch of batches) await this.#run('evaluate', { ...batch.inputs, weights: batch.weights(1) })
    const metrics = await this.#metrics.takeDevice()
    const rises = this.#recipe.schedule?.['mode'] === 'rise'
    this.#schedule.feedback?.observe(rises ? metrics.accuracy ?? NaN : metrics.loss)
    return metrics
  }

  async predict(given: Examples | HostArray): Promise<Float32Array> {
    return (await this.#answer(given, ['logits']))['logits']!
  }

  async predictHeads(given: Examples | HostArray): Promise<Readonly<Record<string, Float32Array>>> {
    const { heads, output } = this.#compiled.model
    const key = ({ name, from }: Head): string => (from === output ? 'logits' : headOutput(name))
    const answers = await this.#answer(given, [...new Set(heads.map(key))])
    return Object.fromEntries(heads.map((head) => [head.name, answers[key(head)]!]))
  }

  async gradients(given: Examples): Promise<Gradients> {
    if (this.#gives === undefined) throw new ConfigError('gradients: must be asked for when compiling, got no inputGradients. Pass inputGradients: [], or the names of inputs.')
    const [batch, ...rest] = this.#cut(given, {})
    if (rest.length > 0) throw new ConfigError(`gradients: must have at most batchSize ${this.#recipe.batchSize} examples, got more. Cut them into batches.`)
    await this.#metrics.keep()
    this.#program.clear(ALLOCATIONS.grads)
    await this.#run('inspect', { ...batch!.inputs, weights: batch!.weights(1 / batch!.examples) }, { step: this.#step + 1 })
    const [arena] = await this.#program.read([ALLOCATIONS.grads])
    const inputs = this.#gives.length === 0 ? {} : await this.#program.readOutputs('inspect', this.#gives)
    await this.#metrics.takeDevice()
    const examplesOf = (name: string): number => product(this.#ports.all[name]!.shape) * batch!.examples
    return { params: pack(this.layout, arena!), inputs: Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, values.slice(0, examplesOf(name))])) }
  }

  async lossScale(): Promise<LossScale | undefined> {
    return this.storage === 'f16' ? describeLossScale(await this.#lossScaleState()) : undefined
  }

  async params(): Promise<Float32Array> {
    const [arena] = await this.#program.read([ALLOCATIONS.params])
    return pack(this.layout, arena!)
  }

  setParams(packed: Float32Array): void {
    if (packed.length !== this.layout.packedSize) throw new ConfigError(`params: must have ${this.layout.packedSize} elements for ${this.spec.name}, got ${packed.length}. Use params of this model.`)
    this.#program.write(ALLOCATIONS.params, unpack(this.layout, packed))
  }

  async tensors(): Promise<NamedTensors> {
    return nameTensors(this.layout, await this.params())
  }

  async setTensors(tensors: NamedTensors): Promise<void> {
    const packed = await this.params()
    placeTensors(this.layout, tensors, packed)
    this.setParams(packed)
  }

  async state(): Promise<TrainingState> {
    const schedule = this.#schedule.feedback?.state()
    return {
      step: this.#step, tensors: await this.tensors(), optimizer: await readOptimizerState(this.#program, this.#compiled.update!),
      ...(schedule === undefined ? {} : { schedule }),
      ...(this.storage === 'f16' ? { lossScale: nameLossScale(await this.#lossScaleState()) } : {}),
    }
  }

  async setState({ step, tensors, optimizer, schedule, lossScale }: TrainingState): Promise<void> {
    if (!Number.isSafeInteger(step) || step < 0) throw new ConfigError(`state.step: must be a whole number, got ${step}. Restore what state() gave.`)
    writeOptimizerState(this.#program, this.#compiled.update!, optimizer)
    await this.setTensors(tensors)
    if (schedule !== undefined) this.#schedule.feedback?.restore(schedule)
    if (lossScale !== undefined && this.storage === 'f16') this.#program.write(LOSS_SCALE_ALLOCATIONS.state, placeLossScale(lossScale))
    this.#metricsStep += step - this.#step
    this.#step = step
  }

  async improve(milliseconds: number): Promise<boolean> {
    if (!(milliseconds > 0)) throw new ConfigError(`improve: must have a time above 0 ms, got ${milliseconds}. Use 100, for example.`)
    return await this.#program.improve?.(milliseconds) ?? false
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#loaded.dispose()
    this.#ownRunner?.dispose()
  }

  async #lossScaleState(): Promise<Float32Array> {
    return (await this.#program.read([LOSS_SCALE_ALLOCATIONS.state]))[0]!
  }

  /** Enqueues a run of a Plan, with the random numbers of that part of the step where it draws any. */
  async #run(plan: keyof CompiledProgram['plans'], inputs: Examples, { part = 0, step = this.#step } = {}): Promise<void> {
    const draws = 'random' in this.#compiled.plans[plan]!.inputs
    this.#program.run(plan, draws ? { ...inputs, random: randomKey(this.#seed, part, step) } : inputs)
    if (++this.#runs % RUNS_IN_FLIGHT === 0) await this.#program.settled()
  }

  #cut(given: Examples | HostArray, more: Uint32Array | object): readonly HostBatch[] {
    const examples = isArray(given) ? { [this.#soleInput()]: given, ...(isArray(more) ? { labels: more } : {}) } : given
    return cutBatches(examples, this.#ports.all, this.#recipe.batchSize)
  }

  async #answer(given: Examples | HostArray, keys: readonly string[]): Promise<Readonly<Record<string, Float32Array>>> {
    const { plans: { predict } } = this.#compiled
    const batches = cutBatches(isArray(given) ? { [this.#soleInput()]: given } : given, this.#ports.inputs, this.#recipe.batchSize)
    const total = batches.reduce((sum, { examples }) => sum + examples, 0)
    const sizes = keys.map((key) => product(predict.outputs[key]!.shape.slice(1)))
    const answers = sizes.map((size) => new Float32Array(total * size))
    let at = 0
    for (const { inputs, examples } of batches) {
      await this.#run('predict', inputs)
      const outputs = await this.#program.readOutputs('predict', keys)
      keys.forEach((key, i) => answers[i]!.set(outputs[key]!.subarray(0, examples * sizes[i]!), at * sizes[i]!))
      at += examples
    }
    return Object.fromEntries(keys.map((key, i) => [key, answers[i]!]))
  }

  #soleInput(): string {
    const [name, ...others] = Object.keys(this.#ports.inputs)
    if (name === undefined || others.length > 0) throw new ConfigError(`${this.spec.name}: must be given its inputs by name, as there are ${others.length + 1}, got one array. Pass { ${Object.keys(this.#ports.inputs).join(', ')} }.`)
    return name
  }
}

const isArray = (value: object): value is HostArray => ArrayBuffer.isView(value)
