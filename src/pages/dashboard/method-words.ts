// A strategy in plain words: one sentence or two for each of its axes.
import type { OptimizerChoice, Schedule, Strategy } from '../../fed/strategy.ts'
import type { RunConfig } from '../../wire/run-config.ts'
import { formatBytes, formatNumber, formatPercent, type Phrase } from '../catalogue/index.ts'
import type { Catalogue } from '../catalogue/en.ts'

export type MethodAxis = keyof Catalogue['method']['axes']

/** Proper names are the same in every language. What is not here is shown as the registry has it. */
const OPTIMIZERS: Readonly<Record<string, string>> = {
  sgd: 'SGD', momentum: 'SGD + momentum', nesterov: 'Nesterov', adagrad: 'AdaGrad', adadelta: 'AdaDelta', rmsprop: 'RMSProp', adam: 'Adam', adamw: 'AdamW', adamax: 'AdaMax', yogi: 'Yogi', lion: 'Lion',
}

export interface MethodSource {
  readonly config: RunConfig
  readonly params: number
  /** Bytes of one update. */
  readonly updateBytes: number
}

/** In the order in which they are read. */
export function describeMethod({ config, params, updateBytes }: MethodSource): readonly (readonly [MethodAxis, Phrase])[] {
  const { strategy } = config
  return [
    ['schedule', (c) => sentences(c.method.schedules[strategy.schedule.type], scheduleNote(c, strategy.schedule, config), overSelection(c, strategy.schedule))],
    ['data', (c) => dataNote(c, config)],
    ['local', (c) => sentences(localNote(c, strategy, config.batchSize), config.storage === 'f16' ? c.method.half : '')],
    ['corrections', (c) => (strategy.corrections ?? []).map(({ name }) => c.method.corrections[name] ?? name).join(' ') || c.method.none],
    ['aggregator', (c) => c.method.aggregators[nameOf(strategy.aggregator)] ?? nameOf(strategy.aggregator)],
    ['serverOptimizer', (c) => optimizer(c, strategy.serverOptimizer)],
    ['codec', (c) => codecNote(c, strategy.codec, { params, updateBytes })],
  ]
}

const sentences = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ')
const seconds = (ms: number): string => formatNumber(ms / 1000, ms < 10_000 && ms % 1000 !== 0 ? 1 : 0)
const nameOf = (choice: string | { readonly name: string }): string => (typeof choice === 'string' ? choice : choice.name)

function scheduleNote({ method }: Catalogue, schedule: Schedule, { partition }: RunConfig): string {
  switch (schedule.type) {
    case 'synchronous': return method.synchronous(formatNumber(schedule.examplesPerRound), seconds(schedule.deadlineMs))
    case 'cohort': return method.cohort(formatNumber(schedule.participants ?? partition?.parts ?? 0), seconds(schedule.deadlineMs))
    case 'asynchronous': return method.asynchronous(formatNumber(schedule.maxStaleness))
    case 'buffered': return method.buffered(formatNumber(schedule.bufferSize), formatNumber(schedule.maxStaleness))
    case 'semi-synchronous': return method.semiSynchronous(seconds(schedule.tickMs), formatNumber(schedule.maxStaleness))
  }
}

const overSelection = ({ method }: Catalogue, schedule: Schedule): string =>
  'overSelection' in schedule && (schedule.overSelection ?? 0) > 0 ? method.overSelection(formatPercent(schedule.overSelection ?? 0, 0)) : ''

function dataNote({ method }: Catalogue, { partition }: RunConfig): string {
  if (partition === undefined) return method.handedOut
  const { parts, by = 'iid' } = partition
  const { name, ...options } = typeof by === 'string' ? { name: by } : by
  const given = Object.entries(options).filter(([, value]) => typeof value === 'number').map(([option, value]) => `${option} ${formatNumber(value as number, (value as number) % 1 === 0 ? 0 : 2)}`)
  const how = method.partitions[name] ?? name
  return method.parts(formatNumber(parts), given.length === 0 ? how : `${how} (${given.join(', ')})`)
}

function localNote(c: Catalogue, { local }: Strategy, batchSize: number): string {
  if (local.type === 'gradient') return c.method.gradient
  const batch = local.batchSize === 'all' ? c.method.everything : formatNumber(local.batchSize ?? batchSize)
  return local.type === 'steps' ? c.method.steps(formatNumber(local.steps), batch, optimizer(c, local.optimizer)) : c.method.epochs(formatNumber(local.epochs), batch, optimizer(c, local.optimizer))
}

const optimizer = ({ method }: Catalogue, { name, learningRate }: OptimizerChoice): string => method.optimizer(OPTIMIZERS[name] ?? name, String(learningRate))

function codecNote({ method }: Catalogue, choice: Strategy['codec'], { params, updateBytes }: Pick<MethodSource, 'params' | 'updateBytes'>): string {
  const times = (params * 4) / updateBytes
  const size = times > 1.05 ? method.smaller(formatBytes(updateBytes), formatNumber(times, 1)) : method.size(formatBytes(updateBytes))
  return sentences(method.codecs[nameOf(choice)] ?? nameOf(choice), size, typeof choice !== 'string' && choice.errorFeedback === true ? method.errorFeedback : '')
}
