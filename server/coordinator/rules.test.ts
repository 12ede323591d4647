// Rules of server/SPEC.md that span several parts: order of examples, order of arrival, what a crash leaves of evaluations.
import { describe, expect, it } from 'vitest'
import { present } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { PROTOCOL_VERSION, type Lease } from '../../src/wire/messages.ts'
import { createInlineNumeric } from '../numeric/inline.ts'
import { createFaultDisk } from '../store/fault-disk.ts'
import { createEpoch } from './epochs.ts'
import { openRun } from './open-run.ts'
import type { AcceptedRecord } from './records.ts'
import { Simulation, STUB_MODEL, type SimulationOptions } from './simulation.ts'
import { stubUpdate } from './stub-volunteer.ts'
import { ASYNCHRONOUS, Driver, fence, settings } from './test-driver.ts'

const accepted = ({ log }: Driver): readonly AcceptedRecord[] => log.filter((record): record is AcceptedRecord => record.type === 'accepted')

describe('data', () => {
  it('D2: in rounds, an epoch begins when all of the one before is accepted', () => {
    const driver = new Driver({ shards: { train: [20], test: [] }, epochs: 3 })
    driver.join('slow')
    driver.join('fast')
    const held = driver.lastGrant('slow')
    for (let i = 0; i < 10; i++) {
      if (driver.state.volunteers['fast']!.leaseId !== undefined) driver.deliver('fast')
      driver.settle()
      driver.at(driver.now + 500)
    }
    // The round closed without it; what it held was done again, in the same epoch.
    expect(driver.deliver('slow', held)).toBe('expired')
    const epochs = accepted(driver).map(({ epoch }) => epoch)
    expect(epochs).toEqual([...epochs].sort())
    for (const epoch of new Set(epochs.slice(0, -1))) {
      const examples = accepted(driver).filter((record) => record.epoch === epoch).reduce((sum, { numExamples }) => sum + numExamples, 0)
      if (epoch < epochs.at(-1)!) expect(examples).toBe(20)
    }
    expect(new Set(epochs).size).toBeGreaterThan(1)
  })

  it('D2: when asynchronous, an epoch begins early by one, and no more', () => {
    const driver = new Driver({ schedule: { ...ASYNCHRONOUS, maxStaleness: 100 }, shards: { train: [12], test: [] }, epochs: 4 })
    driver.join('slow')
    driver.join('fast')
    const held = driver.lastGrant('slow')
    for (let i = 0; i < 20 && driver.state.volunteers['fast']!.leaseId !== undefined; i++) {
      driver.deliver('fast')
      driver.settle()
    }
    // Two pieces of the first epoch, all of the second; none of the third while the first is not whole.
    expect(accepted(driver).map(({ epoch }) => epoch)).toEqual([0, 0, 1, 1, 1])
    driver.deliver('slow', held)
    driver.settle()
    expect(driver.lastGrant('fast').work.epoch).toBe(2)
  })

  it('D3: the order of shards is a function of seed and epoch', () => {
    const shards = { train: Array.from({ length: 12 }, () => 4), test: [] }
    const order = (seed: number, epoch: number): string => createEpoch(settings({ seed, shards }), epoch).order.join()
    expect(order(1, 0)).toBe(order(1, 0))
    expect(new Set([order(1, 0), order(1, 1), order(1, 2), order(2, 0)]).size).toBe(4)
    expect([...createEpoch(settings({ shards }), 5).order].sort((a, b) => a - b)).toEqual(shards.train.map((_, shard) => shard))
  })
})

describe('local training', () => {
  it('R7: weighs an update by the examples of its lease, whatever its number of steps', () => {
    for (const steps of [1, 50]) {
      const driver = new Driver({ schedule: { type: 'cohort', participants: 2, examplesPerLease: 8, deadlineMs: 1000, quorum: 1 }, local: { type: 'steps', steps, optimizer: { name: 'sgd', learningRate: 0.1 } } })
      driver.join('a')
      driver.join('b')
      driver.deliver('a')
      driver.deliver('b')
      driver.settle()
      expect(accepted(driver).slice(0, 2).map(({ weight, numExamples }) => [weight, numExamples])).toEqual([[8, 8], [8, 8]])
    }
  })
})

describe('evaluation', () => {
  it('E5: is begun again, whole, where a crash interrupted it', () => {
    const driver = new Driver({ evaluation: { everyExamples: 16, recheckFraction: 0 } })
    driver.join('a')
    while (driver.state.evaluation === undefined) {
      driver.now += 100
      driver.deliver('a')
      driver.settle()
    }
    const piece = driver.lastGrant('a')
    expect(piece.kind).toBe('evaluate')
    driver.message('a', { type: 'evaluation', ...fence(piece), modelVersion: piece.modelVersion, metrics: { lossSum: 1, correct: 1, examples: piece.numExamples }, computeMs: 10 })
    const { evaluation } = driver.state
    expect(evaluation!.pool.accepted).toBe(piece.numExamples)
    expect(piece.numExamples).toBeLessThan(evaluation!.pool.total)
    // What is on disk knows nothing of it: after a restart all of it is to do.
    const again = new Driver({ evaluation: { everyExamples: 16, recheckFraction: 0 } }, [...driver.log, { type: 'incarnation', incarnation: 2 }])
    expect(again.state.evaluation).toMatchObject({ modelVersion: evaluation!.modelVersion, pool: { accepted: 0, total: evaluation!.pool.total } })
  })
})

/** The first version of a run whose volunteers all hold a lease, and deliver in this order. */
async function firstVersion(schedule: SimulationOptions['schedule'], order: readonly number[]): Promise<{ readonly hash: string; readonly leases: number }> {
  const { config, dataset, tensors } = new Simulation({ seed: 1, schedule })
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  let now = 0
  const host = await openRun({
    dir: createFaultDisk(), config, dataset, model: STUB_MODEL, clock: { now: () => now, after: () => () => {} }, numeric: createInlineNumeric(), rng: createRng(1),
    evaluator: { open: async () => {}, evaluate: () => new Promise(() => {}), close: async () => {} },
  })
  const leases = new Map<string, Lease>()
  for (const at of order.toSorted()) {
    const volunteerId = `v${at}`
    host.join({ type: 'hello', protocolVersion: PROTOCOL_VERSION, volunteerId, adapter: { runner: 'cpu', name: 'stub', software: true } }, (message) => { if (message.type === 'grant') leases.set(volunteerId, message.lease) })
    host.receive(volunteerId, { type: 'ready', runId: 'stub' })
  }
  await settle()
  const updates = await Promise.all([...leases].map(async ([volunteerId, lease]) => [volunteerId, stubUpdate(lease, present(await host.file(lease.modelHash), 'model'), { computeMs: 100, tensors })] as const))
  for (const at of order) {
    const [volunteerId, { header, payload }] = present(updates[at], `update ${at}`)
    now += 10
    expect(host.announce(volunteerId, header)).toBeUndefined()
    host.submit(volunteerId, header, payload.slice())
    await settle()
  }
  for (let i = 0; i < 20 && host.status().modelVersion === 0; i++) await settle()
  expect(host.status().modelVersion).toBe(1)
  return { hash: host.status().modelHash, leases: updates.length }
}

const permutations = (items: readonly number[]): number[][] => (items.length === 0 ? [[]] : items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest])))

describe('order of arrival', () => {
  it.each([['synchronous', 4], ['compared', 4], ['cohort', 3]] as const)('N1: any gives the same bytes, %s', async (schedule, volunteers) => {
    const orders = permutations(Array.from({ length: volunteers }, (_, i) => i))
    const versions = []
    for (const order of orders) versions.push(await firstVersion(schedule, order))
    expect(new Set(versions.map(({ hash }) => hash)).size).toBe(1)
    expect(versions[0]!.leases).toBe(volunteers)
  })
})
