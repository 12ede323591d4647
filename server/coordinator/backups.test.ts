// Backup leases of synchronous rounds (server/SPEC.md R8, L2, F3, D1).
import { describe, expect, it } from 'vitest'
import { verifyRecords } from './verify-log.ts'
import type { Settings } from './state.ts'
import { Driver } from './test-driver.ts'

/** Rounds of two batches, so that two volunteers whose speed is unknown take one each. */
const rounds = (overSelection: number | undefined = 0.5): Partial<Settings> =>
  ({ schedule: { type: 'synchronous', examplesPerRound: 8, deadlineMs: 60_000, quorum: 1, overSelection } })

function begin(volunteers: readonly string[], overSelection?: number): Driver {
  const driver = new Driver(rounds(overSelection))
  for (const id of volunteers) driver.join(id)
  return driver
}

const slicesOf = (driver: Driver, volunteerId: string): unknown => driver.lastGrant(volunteerId).work.slices

describe('backup leases', () => {
  it('R8: whoever is idle computes again what is furthest from being done, up to the fraction', () => {
    const driver = begin(['a', 'b', 'c', 'd'])
    expect(driver.grants()).toHaveLength(3)
    // Of two that were granted at once, the first.
    expect(slicesOf(driver, 'c')).toEqual(slicesOf(driver, 'a'))
    expect(driver.grants('d')).toEqual([])
    // Each work is out once, however often it is computed.
    expect(driver.state).toMatchObject({ round: { examples: 8, outstanding: 8, accepted: 0 } })
  })

  it('R8: gives none where the round does not over-select', () => {
    const driver = new Driver({ schedule: { type: 'synchronous', examplesPerRound: 8, deadlineMs: 60_000, quorum: 1 } })
    for (const id of ['a', 'b', 'c']) driver.join(id)
    expect(driver.grants('c')).toEqual([])
  })

  it('R8 F3: takes whoever is done first, revokes the other, and refuses its update', () => {
    const driver = begin(['a', 'b', 'c'])
    const original = driver.lastGrant('a')
    driver.now = 100
    driver.deliver('c')
    driver.settle()
    expect(driver.state).toMatchObject({ version: 0, round: { outstanding: 4, accepted: 4 } })
    expect(driver.sent).toContainEqual({ volunteerId: 'a', message: { type: 'revoke', leaseId: original.leaseId, grant: original.grant } })
    expect(driver.deliver('a', original)).toBe('expired')
    driver.deliver('b')
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, examples: 8 })
  })

  it('R8 D1: of two that are being checked at once, one is accepted', () => {
    const driver = begin(['a', 'b', 'c'])
    driver.now = 100
    driver.deliver('a')
    driver.deliver('c')
    driver.deliver('b')
    driver.settle()
    const log = driver.log.filter(({ type }) => type === 'accepted')
    expect(log).toHaveLength(2)
    expect(driver.state).toMatchObject({ version: 1, examples: 8, refused: { expired: 1 } })
    // Independent bookkeeping says so too.
    const run = { type: 'run', formatVersion: 2, runId: 'run', config: { strategy: { schedule: driver.state.settings.schedule } } as never, trainShards: [20, 20], dataHash: 'data' } as const
    const versions = driver.log.map((record) => (record.type === 'version' ? { ...record, totalWeight: 8 } : record)).filter(({ type }) => type === 'accepted' || type === 'version')
    expect(verifyRecords([run, { type: 'incarnation', incarnation: 1 }, ...versions]).examples).toBe(8)
  })

  it.each([['the original', 'a', 'c'], ['the backup', 'c', 'a']])('L2: where %s is lost, its work stays with the other', (_, lost, other) => {
    const driver = begin(['a', 'b', 'c'])
    const { runId, leaseId, incarnation, grant } = driver.lastGrant(lost)
    driver.message(lost, { type: 'release', runId, leaseId, incarnation, grant, reason: 'paused' })
    expect(driver.state.epochs[0]!.freeExamples).toBe(32)
    expect(driver.state).toMatchObject({ round: { outstanding: 8 } })
    driver.deliver(other)
    driver.deliver('b')
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, examples: 8 })
  })

  it('L2: when both are lost it is free again, and once', () => {
    const driver = begin(['a', 'b', 'c'])
    for (const id of ['a', 'c']) {
      const { runId, leaseId, incarnation, grant } = driver.lastGrant(id)
      driver.message(id, { type: 'release', runId, leaseId, incarnation, grant, reason: 'paused' })
    }
    expect(driver.state.epochs[0]!.freeExamples).toBe(36)
    expect(driver.state).toMatchObject({ round: { outstanding: 4 } })
    driver.message('a', { type: 'ready', runId: 'run' })
    driver.deliver('a')
    driver.deliver('b')
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, examples: 8 })
  })

  it('L5: an unmeasured volunteer takes no backup of more than a batch', () => {
    const driver = begin(['a'], 1)
    for (const ms of [100, 200]) {
      driver.now = ms
      driver.deliver('a')
      driver.settle()
      driver.message('a', { type: 'ready', runId: 'run' })
    }
    expect(driver.lastGrant('a').numExamples).toBe(8)
    driver.join('new')
    expect(driver.grants('new')).toEqual([])
  })
})
