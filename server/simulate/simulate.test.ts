import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ByteDataset } from '../../src/data/dataset.ts'
import { shardDataset, shardParts, type ShardedDataset } from '../../src/data/shards.ts'
import { resolveAttack } from '../../src/fed/attacks.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import { loadDataset } from '../datasets.ts'
import { parseRun } from '../runs.ts'
import type { SimulationReport } from './report.ts'
import { simulate, type SimulateOptions } from './simulate.ts'

/** [28, 28, 1] -> dense 10: 7,850 params. */
const MODEL: ModelSpec = { name: 'softmax', inputs: { x: [28, 28, 1] }, nodes: [{ name: 'flatten', layer: 'flatten' }, { name: 'dense', layer: 'dense', options: { units: 10 } }], output: 'dense' }
const PAYLOAD_BYTES = 4 * 7850
const PARTS = 10

const runOf = (strategy: object, more: object = {}): RunConfig => parseRun({
  name: 'simulated', title: 'Digits', dataset: { name: 'digits', trainExamples: 1000, testExamples: 200 }, model: 'softmax', batchSize: 50, seed: 3, strategy, ...more,
}, 'test')
const partitioned = { partition: { parts: PARTS, by: { name: 'dirichlet', alpha: 0.5 } } }
const FED_AVG = runOf({ preset: 'fed-avg', schedule: { participants: 4 }, local: { optimizer: { learningRate: 0.05 } } }, partitioned)
const ASYNC = runOf({ schedule: { type: 'asynchronous', examplesPerLease: 100 }, serverOptimizer: { name: 'sgd', learningRate: 0.1 } }, { evaluation: { everyExamples: 500 } })

let digits: ByteDataset, whole: ShardedDataset, parts: ShardedDataset

beforeAll(async () => {
  digits = await loadDataset(FED_AVG.dataset, undefined, 3)
  whole = await shardDataset(digits, 3)
  parts = await shardParts(digits, FED_AVG.partition!, 3)
})

const run = (config: RunConfig, options: Partial<SimulateOptions> = {}): Promise<SimulationReport> =>
  simulate({ model: MODEL, config, dataset: config.partition === undefined ? whole : parts, volunteers: 8, seed: 7, ...options })

const comparable = ({ wallSeconds, ...report }: SimulationReport): string => {
  expect(wallSeconds).toBeGreaterThan(0)
  return JSON.stringify(report)
}

describe('simulate', () => {
  test('gives the same report for the same seed, in rounds with dropouts, and another for another', async () => {
    const options = { world: { dropout: 0.3, awaySeconds: 20 }, stop: ({ modelVersion }: { readonly modelVersion: number }) => modelVersion >= 5 }
    const [once, again, other] = [await run(FED_AVG, options), await run(FED_AVG, options), await run(FED_AVG, { ...options, seed: 8 })]
    expect(comparable(again)).toBe(comparable(once))
    expect(comparable(other)).not.toBe(comparable(once))
    expect(once).toMatchObject({ outcome: 'met', rounds: 5, versions: 5 })
    expect(once.dropouts).toBeGreaterThan(0)
    expect(once.curve.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5])
    expect(once.curve.at(-1)!.accuracy).toBeGreaterThan(once.curve[0]!.accuracy)
  })

  test('gives the same report for the same seed where updates come in any order and volunteers evaluate', async () => {
    const options = { evaluation: 'leased', stop: ({ examples }: { readonly examples: number }) => examples >= 3000 } as const
    const [once, again] = [await run(ASYNC, options), await run(ASYNC, options)]
    expect(comparable(again)).toBe(comparable(once))
    expect(once.rounds).toBeNull()
    expect(once.staleness.reduce((a, b) => a + b, 0)).toBe(once.leases.accepted)
    expect(once.staleness.length).toBeGreaterThan(1)
    expect(once.curve.length).toBeGreaterThan(2)
  })

  test('volunteers take the time that their speed and connection give them', async () => {
    const world = { examplesPerSecond: 100, speedSpread: 1, uploadMbps: 0.08, downloadMbps: 0.08, bandwidthSpread: 1, latencyMs: 100, dropout: 0 }
    const two = { world, stop: ({ modelVersion }: { readonly modelVersion: number }) => modelVersion >= 2 }
    const { curve, bytesUp, leases } = await run(FED_AVG, two)
    expect(leases.accepted).toBe(8)
    expect(bytesUp).toBe(8 * PAYLOAD_BYTES)
    // Up and down at 10 kB/s, a round's largest part at 100 examples/s, and some latencies.
    const transferSeconds = (2 * PAYLOAD_BYTES) / 1e4
    const seconds = curve[1]!.virtualSeconds - curve[0]!.virtualSeconds
    expect(seconds).toBeGreaterThan(transferSeconds + 0.5)
    const faster = await run(FED_AVG, { ...two, world: { ...world, examplesPerSecond: 1000 } })
    expect(faster.curve[1]!.accuracy).toBe(curve[1]!.accuracy)
    expect(faster.curve[1]!.virtualSeconds - faster.curve[0]!.virtualSeconds).toBeLessThan(seconds)
  })

  test('goes on from a file as if it had never been stopped, where rounds wait for all', async () => {
    // Volunteers remember control variates, and are enough for each part to have one of its own.
    const config = runOf({ preset: 'scaffold', schedule: { participants: 4, quorum: 1 }, local: { optimizer: { learningRate: 0.05 } } }, partitioned)
    const saveTo = join(mkdtempSync(join(tmpdir(), 'simulate-')), 'saved')
    const until = (versions: number, more: object = {}): Promise<SimulationReport> => run(config, { volunteers: 2 * PARTS, world: { dropout: 0 }, stop: ({ modelVersion }) => modelVersion >= versions, ...more })
    const accuracies = ({ curve }: SimulationReport): readonly unknown[] => curve.map(({ version, examples, loss, accuracy }) => ({ version, examples, loss, accuracy }))
    const whole = await until(3), first = await until(2, { saveTo }), second = await until(3, { saveTo })
    expect(accuracies(first)).toEqual(accuracies(whole).slice(0, 2))
    expect(accuracies(second)).toEqual(accuracies(whole))
    expect(second.leases.accepted).toBe(whole.leases.accepted)
    expect(second.curve[2]!.virtualSeconds).toBeGreaterThan(first.virtualSeconds)
    expect(second.bytesDown).toBeGreaterThan(whole.bytesDown)
    await expect(until(4, { saveTo, seed: 8 })).rejects.toThrow(/must be of the same run, volunteers and seed/)
  })

  test('ends early when told to, and when all the volunteers do is fail', async () => {
    const stopping = new AbortController()
    const stopped = await run(FED_AVG, { signal: stopping.signal, onProgress: ({ modelVersion }) => { if (modelVersion === 2) stopping.abort() } })
    expect(stopped).toMatchObject({ outcome: 'interrupted', versions: 2 })
    const hot = { ...FED_AVG, epochs: 2, strategy: { ...FED_AVG.strategy, local: { ...FED_AVG.strategy.local, optimizer: { name: 'sgd', learningRate: 1e38 } } } } as RunConfig
    const diverged = await run(hot)
    expect(diverged.outcome).toBe('diverged')
    expect(diverged.reason).toMatch(/loss: must be finite/)
    expect(await run(FED_AVG, { maxVirtualSeconds: 20 })).toMatchObject({ outcome: 'too-late', virtualSeconds: 20 })
  })

  test('attackers break a mean, and not a median', async () => {
    const config = (aggregator: string): RunConfig => runOf({ preset: 'fed-avg', schedule: { participants: 10, quorum: 1 }, aggregator, local: { optimizer: { learningRate: 0.05 } } }, { partition: { parts: PARTS } })
    const dataset = await shardParts(digits, config('median').partition!, 3)
    const accuracy = async (aggregator: string, attackers: number | { readonly parts: readonly number[] }): Promise<number> => {
      const attack = { attackers, attack: resolveAttack({ name: 'inner-product', epsilon: 3 }) }
      const { curve } = await run(config(aggregator), { dataset, volunteers: 10, world: { dropout: 0 }, attack, stop: ({ modelVersion }) => modelVersion >= 4 })
      return curve.at(-1)!.accuracy
    }
    const spared = await accuracy('weighted-mean', 0), attacked = await accuracy('weighted-mean', 3), defended = await accuracy('median', 3)
    expect(spared).toBeGreaterThan(0.5)
    expect(attacked).toBeLessThan(0.1)
    // Not drawn, but those who own these parts of the data.
    expect(await accuracy('weighted-mean', { parts: [0, 4, 9] })).toBeLessThan(0.1)
    await expect(accuracy('weighted-mean', { parts: [10] })).rejects.toThrow(/attackers.parts: must be among the 10 parts/)
    expect(defended).toBeGreaterThan(attacked + 0.2)
  })
})
