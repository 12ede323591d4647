// The trials must fail where what they prove is taken away: each safeguard turned off alone, on seeds that pass with it
// (trials-1.test.ts). The coordinator itself has no such switch: its modules are replaced for the time of a test.
import { afterEach, describe, expect, it, vi } from 'vitest'
import type * as leases from './leases.ts'
import type { LeaseState } from './state.ts'
import type { TrialOptions } from './trial.ts'

const SEEDS = 40
/** What was acknowledged or served is not there any more. */
const LOST = /P1: acknowledged lease|V3: version|must hold a whole checkpoint|must be whole|must exist|must hold \d+ bytes/

/** The first seed whose trial fails, and why. */
async function firstFailure(extra: Partial<TrialOptions> = {}): Promise<{ readonly seed: number; readonly why: string } | undefined> {
  const { drawTrial, runTrial } = await import('./trial.ts')
  for (let seed = 1; seed <= SEEDS; seed++) {
    const why = await runTrial({ ...drawTrial(seed), ...extra }).then(() => undefined, (error: Error) => error.message)
    if (why !== undefined) return { seed, why }
  }
  return undefined
}

function mutateLeases(mutate: (real: typeof leases) => Partial<typeof leases>): void {
  vi.resetModules()
  vi.doMock('./leases.ts', async (original) => {
    const real = await original<typeof leases>()
    return { ...real, ...mutate(real) }
  })
}

afterEach(() => {
  vi.doUnmock('./leases.ts')
  vi.resetModules()
})

describe('without a safeguard the trials fail', () => {
  it('F1 F2: fencing, where whatever a volunteer sends is taken for its current lease', async () => {
    mutateLeases((real) => ({
      findLease(state, volunteerId, fence) {
        const held = real.ownVolunteer(state, volunteerId)?.leaseId
        return (held === undefined ? undefined : state.leases[held]) ?? real.findLease(state, volunteerId, fence)
      },
    }))
    expect(await firstFailure()).toMatchObject({ why: expect.stringMatching(/F2: lease \S+ must be accepted with the gradient of its own examples/) as string })
  }, 120_000)

  it('F3: deduplication, where an update is taken however often it comes', async () => {
    const accepted = new Map<string, LeaseState>()
    mutateLeases((real) => ({
      closeLease(state, lease, outcome) {
        if (outcome === 'accepted') accepted.set(lease.id, structuredClone(lease))
        real.closeLease(state, lease, outcome)
      },
      findLease(state, volunteerId, fence) {
        const found = real.findLease(state, volunteerId, fence), again = accepted.get(fence.leaseId)
        if (!('code' in found) || found.code !== 'duplicate' || again === undefined) return found
        if (state.round !== undefined) state.round.outstanding += again.numExamples
        state.leases[again.id] = { ...again, stage: 'granted' }
        return state.leases[again.id]!
      },
    }))
    expect(await firstFailure({ schedule: 'synchronous' })).toMatchObject({ why: expect.stringMatching(/must be accepted once/) as string })
  }, 120_000)

  it('P1: syncing what is written', async () => {
    expect(await firstFailure({ lying: 'contents' })).toMatchObject({ why: expect.stringMatching(LOST) as string })
  }, 120_000)

  it('P1: syncing the names of files', async () => {
    expect(await firstFailure({ lying: 'names' })).toMatchObject({ why: expect.stringMatching(LOST) as string })
  }, 120_000)
})
