// Seeded runs of the whole coordinator under faults. What must hold is numbered in server/SPEC.md.
import { describe, expect, it } from 'vitest'
import { initialParams } from '../../src/model/initial-params.ts'
import { Aggregation } from '../numeric/aggregation.ts'
import { numericSetup } from '../numeric/setup.ts'
import { orderOf } from './leases.ts'
import type { AcceptedRecord, LogRecord } from './records.ts'
import { Simulation, STUB_LAYOUT, STUB_MODEL, STUB_STRATEGIES, type SimulationOptions } from './simulation.ts'
import { verifyRecords } from './verify-log.ts'

const ALL = Object.keys(STUB_STRATEGIES) as SimulationOptions['schedule'][]
const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 100)

async function survive(options: SimulationOptions): Promise<{ simulation: Simulation; records: readonly LogRecord[] }> {
  const simulation = new Simulation(options)
  await simulation.run(12_000, 0)
  const examplesBefore = simulation.host?.status().examples ?? 0
  const progressed = (): boolean => (simulation.host?.status().examples ?? 0) > examplesBefore + 16
  for (let calm = 0; calm < 20 && !progressed(); calm++) await simulation.clock.run(simulation.clock.now() + 2_000)
  if (simulation.failure !== undefined) throw simulation.failure
  // P6: after the faults end, the run makes progress.
  const status = simulation.host?.status()
  expect(status?.examples, `seed ${options.seed}: ${status?.state} ${status?.reason}`).toBeGreaterThan(examplesBefore + 16)
  return { simulation, records: await simulation.records() }
}

function check({ witness, payloads, config }: Simulation, records: readonly LogRecord[]): void {
  // D1 D2 V1 V2 A2: each example once an epoch, each update in one version, versions in order, staleness within its bound.
  verifyRecords(records)
  const accepted = new Map(records.filter((record): record is AcceptedRecord => record.type === 'accepted').map((record) => [record.leaseId, record]))
  // P1: acknowledged updates survive.
  for (const lease of witness.acknowledged) expect(accepted.has(lease), `acknowledged lease ${lease}`).toBe(true)
  // V3: every served snapshot is what the log replays to, from the first version on.
  const { strategy } = config
  const replay = new Aggregation(
    numericSetup(config, STUB_LAYOUT),
    { params: initialParams(STUB_MODEL, config.seed) },
  )
  const hashes = new Map([[0, replay.snapshot().hash]])
  for (const record of records) {
    if (record.type !== 'version') continue
    // N1: in any order; here the reverse of the one it was made in.
    for (const lease of [...record.leases].reverse()) {
      const { payloadHash, weight, numExamples, modelVersion } = accepted.get(lease)!
      expect(replay.check(lease, payloadHash, payloads.get(payloadHash)!).ok).toBe(true)
      replay.accumulate(lease, { weight, numExamples, modelVersion, order: orderOf(lease) })
    }
    const scale = strategy.schedule.type === 'asynchronous' ? accepted.get(record.leases[0]!)!.weight : 1024
    expect(replay.apply(record.version, scale).hash).toBe(record.hash)
    hashes.set(record.version, record.hash)
  }
  for (const [version, hash] of witness.served) expect(hashes.get(version), `served version ${version}`).toBe(hash)
}

describe('simulated runs', () => {
  it.each(ALL)('%s: trains, evaluates and finishes without faults', async (schedule) => {
    const simulation = new Simulation({ seed: 7, schedule, config: { epochs: 3 } })
    await simulation.run(0, 120_000)
    const status = simulation.host!.status()
    expect(status.state).toBe('finished')
    if (schedule !== 'parts') expect(status.examples).toBe(3 * simulation.dataset.manifest.train.examples)
    expect(status.evaluation).toEqual({ loss: 0.5, accuracy: status.evaluation!.accuracy, examples: 20, modelVersion: status.modelVersion })
    expect(status.refused).toEqual({})
    const records = await simulation.records()
    check(simulation, records)
    // Three passes over three parts, one of them in a round.
    expect(verifyRecords(records)).toMatchObject({ epochsDone: schedule === 'parts' ? 9 : 3, pending: [] })
  })

  it.each(ALL)(`%s: keeps its rules under faults, ${SEEDS} seeds`, async (schedule) => {
    const totals = { restarts: 0, accepted: 0, refusals: new Set<string>() }
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { simulation, records } = await survive({ seed, schedule, loss: 0.02, duplicates: 0.2, bad: 0.1, crashes: 3, fullDisk: seed % 3 === 0, volunteers: 2 + (seed % 4) })
      check(simulation, records)
      totals.restarts += simulation.restarts
      totals.accepted += simulation.witness.acknowledged.size
      for (const code of simulation.witness.refusals.keys()) totals.refusals.add(code)
    }
    // The faults did happen.
    expect(totals.restarts).toBeGreaterThan(SEEDS)
    expect([...totals.refusals]).toEqual(expect.arrayContaining(['duplicate', 'non-finite', 'wrong-hash', 'wrong-size', 'too-large', 'wrong-tensors', 'wrong-codec', 'wrong-version', 'malformed']))
  }, 180_000)

  it('fails when the disk lies about syncing, so these tests can fail', async () => {
    let broken = 0
    for (let seed = 1; seed <= 10 && broken === 0; seed++) {
      try {
        const { simulation, records } = await survive({ seed, schedule: 'synchronous', crashes: 3, lying: true })
        check(simulation, records)
      } catch {
        broken++
      }
    }
    expect(broken).toBe(1)
  }, 60_000)

  it('repeats exactly from its seed', async () => {
    const logs = []
    for (let i = 0; i < 2; i++) logs.push((await survive({ seed: 3, schedule: 'synchronous', loss: 0.02, duplicates: 0.2, bad: 0.1, crashes: 2 })).records)
    expect(logs[0]).toEqual(logs[1])
  })
})
