// Every preset, and every correction, on the real coordinator with real volunteers (server/SPEC.md M1, R8), in virtual time.
import { beforeAll, describe, expect, it } from 'vitest'
import type { ByteDataset } from '../../src/data/dataset.ts'
import { shardDataset, shardParts, type ShardedDataset } from '../../src/data/shards.ts'
import { presets } from '../../src/fed/presets/index.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import { loadDataset } from '../datasets.ts'
import { parseRun } from '../runs.ts'
import type { SimulationReport } from './report.ts'
import { simulate, type SimulateOptions } from './simulate.ts'

/** [28, 28, 1] -> dense 10: 7,850 params. */
const MODEL: ModelSpec = { name: 'softmax', inputs: { x: [28, 28, 1] }, nodes: [{ name: 'flatten', layer: 'flatten' }, { name: 'dense', layer: 'dense', options: { units: 10 } }], output: 'dense' }
const PARTITION = { parts: 10, by: { name: 'dirichlet', alpha: 0.3 } }
const CHANCE = Math.log(10)
/** Less than the authors' hundreds of steps, for models of so few params. */
const CHANGES: Readonly<Record<string, object>> = { diloco: { local: { steps: 8, optimizer: { learningRate: 0.01 } } }, 'model-average': { local: { steps: 8 } } }

/** Where one is made of less than a round of local training. */
const VERSIONS: Readonly<Record<string, number>> = { 'sync-sgd': 12, 'async-sgd': 40, 'incremental-sgd': 6 }

const runOf = (strategy: { readonly preset: string }, more: object = {}): RunConfig =>
  parseRun({
    name: 'simulated', title: 'Digits', dataset: { name: 'digits', trainExamples: 500, testExamples: 100 }, model: 'softmax', batchSize: 25, seed: 3,
    strategy: { ...CHANGES[strategy.preset], ...strategy }, evaluation: { everyExamples: 250 }, ...more,
  }, 'test')

let digits: ByteDataset, whole: ShardedDataset, parts: ShardedDataset

beforeAll(async () => {
  const { dataset, seed } = runOf({ preset: 'sync-sgd' })
  digits = await loadDataset(dataset, undefined, seed)
  whole = await shardDataset(digits, seed)
  parts = await shardParts(digits, PARTITION, seed)
})

/** Until so many versions are made. */
function run(strategy: { readonly preset: string; readonly [axis: string]: unknown }, versions: number, options: Partial<SimulateOptions> = {}): Promise<SimulationReport> {
  const divided = (presets.get(strategy.preset).strategy as { work?: string }).work === 'partition'
  const config = runOf(strategy, divided ? { partition: PARTITION } : {})
  return simulate({ model: MODEL, config, dataset: divided ? parts : whole, volunteers: 6, seed: 5, stop: ({ modelVersion }) => modelVersion >= versions, ...options })
}

const lossOf = ({ curve }: SimulationReport): number => curve.at(-1)!.loss

describe.each(presets.names())('preset %s', (preset) => {
  it('learns on a live coordinator, with volunteers that come and go', async () => {
    const report = await run({ preset }, VERSIONS[preset] ?? 4)
    expect(report).toMatchObject({ outcome: 'met' })
    expect(lossOf(report)).toBeLessThan(0.95 * CHANCE)
    // Late updates are refused; nothing else is.
    expect(Object.keys(report.leases.refused).filter((code) => !['expired', 'too-stale'].includes(code))).toEqual([])
  })
})

describe('corrections', () => {
  it.each([['scaffold', { preset: 'scaffold' }], ['fed-dyn', { preset: 'fed-dyn' }]])('%s leaves the way of plain averaging once there is something to correct', async (_, strategy) => {
    const options = { world: { dropout: 0 } }
    const [plain, corrected] = [await run({ preset: 'fed-avg', schedule: { quorum: 1 } }, 3, options), await run({ ...strategy, schedule: { quorum: 1 } }, 3, options)]
    const losses = ({ curve }: SimulationReport): readonly number[] => curve.map(({ loss }) => loss)
    expect(losses(corrected)[1]).not.toBe(losses(plain)[1])
    expect(losses(corrected)).toHaveLength(3)
  })

  it('delay compensation changes what stale updates do', async () => {
    const options = { world: { dropout: 0 } }
    const of = (more: object): Promise<SimulationReport> => run({ preset: 'async-sgd', ...more }, 40, options)
    const [plain, compensated] = [await of({}), await of({ corrections: [{ name: 'delay-compensation', lambda: 2 }] })]
    expect(plain.staleness.slice(1).reduce((a, b) => a + b, 0)).toBeGreaterThan(5)
    expect(lossOf(compensated)).not.toBe(lossOf(plain))
    expect(lossOf(compensated)).toBeLessThan(0.95 * CHANCE)
  })

  it('R8: backup leases spare a round its stragglers', async () => {
    const world = { speedSpread: 30, examplesPerSecond: 20, dropout: 0.2 }
    const of = (overSelection: object): Promise<SimulationReport> => run({ preset: 'sync-sgd', schedule: { type: 'synchronous', examplesPerRound: 250, quorum: 1, ...overSelection } }, 10, { world, volunteers: 12 })
    const [waiting, backed] = [await of({}), await of({ overSelection: 0.3 })]
    expect(backed.virtualSeconds).toBeLessThan(0.9 * waiting.virtualSeconds)
  })
})

it.each([
  ['SCAFFOLD', { preset: 'scaffold', schedule: { quorum: 1 } }],
  ['FedDyn over f16 with error feedback', { preset: 'fed-dyn', schedule: { quorum: 1 }, codec: { name: 'f16', errorFeedback: true } }],
  ['a kept inner optimizer', { preset: 'diloco' }],
])('M1: a tab that is reloaded again and again trains as one that never is: %s', async (_, strategy) => {
  // One volunteer, so that every part stays with it.
  const losses = async (dropout: number): Promise<{ readonly losses: readonly number[]; readonly dropouts: number }> => {
    const { curve, dropouts } = await run(strategy, 4, { volunteers: 1, world: { dropout, awaySeconds: 5 } })
    return { losses: curve.map(({ loss }) => loss), dropouts }
  }
  const [always, reloaded] = [await losses(0), await losses(0.3)]
  expect(reloaded.losses).toEqual(always.losses)
  expect(reloaded.dropouts).toBeGreaterThan(2)
})
