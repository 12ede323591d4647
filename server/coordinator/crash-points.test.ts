// Not drawn but enumerated: a crash before every disk operation of a small run, and at every one of the recovery after it.
import { describe, expect, it } from 'vitest'
import { EVERYTHING, NOTHING } from '../store/fault-disk.ts'
import { Simulation, STUB_STRATEGIES, type SimulationOptions } from './simulation.ts'
import { runTrial } from './trial.ts'

const RUN_MS = 1_500
/** No recovery has more operations before the run goes on. */
const RECOVERY_OPERATIONS = 16
const SURVIVALS = [{}, { survival: NOTHING }, { survival: EVERYTHING }]

async function operationsOf(schedule: SimulationOptions['schedule']): Promise<number> {
  const simulation = new Simulation({ seed: 1, schedule })
  await simulation.run(RUN_MS, 0)
  return simulation.disk.operations
}

describe('a crash', () => {
  it.each(Object.keys(STUB_STRATEGIES) as SimulationOptions['schedule'][])('P1 P3 P4: before every disk operation of a run, %s', async (schedule) => {
    const operations = await operationsOf(schedule)
    expect(operations).toBeGreaterThan(30)
    for (let at = 0; at < operations; at++) {
      const again = [at % RECOVERY_OPERATIONS, (at + 5) % RECOVERY_OPERATIONS]
      const { simulation } = await runTrial({ seed: 1, schedule, faultyMs: RUN_MS + 2_000, crashes: [at, ...again], ...SURVIVALS[at % SURVIVALS.length] })
      expect(simulation.restarts, `crash before operation ${at}`).toBeGreaterThanOrEqual(1)
    }
  }, 120_000)

  it('P4: at every operation of a recovery, over and over', async () => {
    for (const survival of SURVIVALS) {
      for (const at of [8, 20, 32]) {
        const crashes = [at, ...Array.from({ length: RECOVERY_OPERATIONS }, (_, i) => i), ...Array.from({ length: RECOVERY_OPERATIONS }, (_, i) => RECOVERY_OPERATIONS - i)]
        const { simulation } = await runTrial({ seed: 2, schedule: 'synchronous', faultyMs: 40_000, crashes, ...survival })
        expect(simulation.restarts).toBe(crashes.length)
      }
    }
  }, 60_000)
})
