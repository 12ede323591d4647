// For tests: a share of the thousand seeds that `npm test` tries, in files of their own so that they use every core.
import { describe, expect, it } from 'vitest'
import { drawTrial, runTrial } from './trial.ts'

const SEEDS_PER_FILE = 250
const REFUSALS = ['duplicate', 'expired', 'old-incarnation', 'non-finite', 'wrong-hash', 'wrong-size', 'too-large', 'wrong-tensors', 'wrong-codec', 'wrong-version', 'malformed', 'too-stale', 'implausible']

export function describeTrials(share: number): void {
  const from = share * SEEDS_PER_FILE + 1
  describe('simulated faults', () => {
    it(`P1 P3 P4 P6 P8 F2 D1 V1 V2 V3 A2: seeds ${from} to ${from + SEEDS_PER_FILE - 1} keep every rule, and go on afterwards`, async () => {
      const totals = { restarts: 0, checkpoints: 0, acknowledged: 0, partitions: 0, refusals: new Set<string>() }
      for (let seed = from; seed < from + SEEDS_PER_FILE; seed++) {
        const { simulation, checkpoints } = await runTrial(drawTrial(seed))
        totals.restarts += simulation.restarts
        totals.checkpoints += checkpoints
        totals.acknowledged += simulation.witness.acknowledged.size
        totals.partitions += simulation.options.partitions ?? 0
        for (const code of simulation.witness.refusals.keys()) totals.refusals.add(code)
      }
      // The faults did happen.
      expect(totals.restarts).toBeGreaterThan(SEEDS_PER_FILE)
      expect(totals.checkpoints).toBeGreaterThan(SEEDS_PER_FILE)
      expect(totals.acknowledged).toBeGreaterThan(8 * SEEDS_PER_FILE)
      expect(totals.partitions).toBeGreaterThan(SEEDS_PER_FILE / 2)
      expect([...totals.refusals]).toEqual(expect.arrayContaining(REFUSALS))
    }, 300_000)
  })
}
