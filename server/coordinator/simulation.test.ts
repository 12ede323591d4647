// Seeded runs of the whole coordinator: without faults, and repeated. Those under faults are in trials-*.test.ts.
import { describe, expect, it } from 'vitest'
import { Simulation, STUB_STRATEGIES, type SimulationOptions } from './simulation.ts'
import { checkRules, drawTrial, runTrial } from './trial.ts'
import { verifyRecords } from './verify-log.ts'

describe('simulated runs', () => {
  it.each(Object.keys(STUB_STRATEGIES) as SimulationOptions['schedule'][])('V3 N1 C3 D1: %s trains, evaluates and finishes without faults', async (schedule) => {
    const simulation = new Simulation({ seed: 7, schedule, config: { epochs: 3 } })
    await simulation.run(0, 120_000)
    const status = simulation.host!.status()
    expect(status.state).toBe('finished')
    if (schedule !== 'parts') expect(status.examples).toBe(3 * simulation.dataset.manifest.train.examples)
    expect(status.evaluation).toEqual({ loss: 0.5, accuracy: status.evaluation!.accuracy, examples: 20, modelVersion: status.modelVersion })
    // R8: of work that was computed twice, what came second.
    expect(Object.keys(status.refused)).toEqual(schedule === 'backups' ? ['expired'] : [])
    const records = await simulation.records()
    checkRules(simulation, records)
    // Three passes over three parts, one of them in a round.
    expect(verifyRecords(records)).toMatchObject({ epochsDone: schedule === 'parts' ? 9 : 3, pending: [] })
  })

  it('repeat exactly from their seed', async () => {
    for (const seed of [3, 4]) {
      const logs = []
      for (let i = 0; i < 2; i++) logs.push((await runTrial(drawTrial(seed))).records)
      expect(logs[0]).toEqual(logs[1])
    }
  })

  it('draw every strategy', () => {
    expect(new Set(Array.from({ length: 250 }, (_, seed) => drawTrial(seed).schedule))).toEqual(new Set(Object.keys(STUB_STRATEGIES)))
  })
})
