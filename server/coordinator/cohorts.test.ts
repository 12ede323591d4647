// Rounds of participants that train locally, on shipped examples or on parts of the data (server/SPEC.md D5, R6, R7).
import { describe, expect, it } from 'vitest'
import type { Lease } from '../../src/wire/messages.ts'
import { replayRecord } from './replay.ts'
import { initialState, type Settings } from './state.ts'
import { Driver, fence, HASH } from './test-driver.ts'

const LOCAL = { type: 'steps', steps: 5, optimizer: { name: 'sgd', learningRate: 0.1 } } as const
const cohort = (extra: object = {}): Partial<Settings> =>
  ({ schedule: { type: 'cohort', participants: 2, examplesPerLease: 8, deadlineMs: 1000, quorum: 0.5, ...extra }, local: LOCAL })
/** Four parts of ten examples, the last one in two shards. */
const PARTS = [[0], [1], [2], [3, 4]]
const divided = (extra: object = {}, epochs = 10): Partial<Settings> =>
  ({ schedule: { type: 'cohort', deadlineMs: 1000, quorum: 1, ...extra }, local: LOCAL, shards: { train: [10, 10, 10, 4, 6], test: [10] }, parts: PARTS, epochs })

const partOf = ({ work }: Lease): number => PARTS.findIndex((shards) => shards.join() === work.slices.map(({ shard }) => shard).join())

describe('cohorts on shipped examples', () => {
  it('R6: gives everybody as much, whatever their speed, and closes when all participants are accepted', () => {
    const driver = new Driver(cohort())
    driver.join('a')
    driver.join('b')
    driver.join('c')
    expect(driver.grants().map(({ numExamples }) => numExamples)).toEqual([8, 8])
    driver.now = 10
    driver.deliver('a')
    driver.settle()
    expect(driver.state).toMatchObject({ version: 0, round: { accepted: 8, outstanding: 8 } })
    driver.now = 500
    driver.deliver('b')
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, round: { accepted: 0, outstanding: 16 } })
    // V2: the weight of an update is its lease's examples, however many steps it took.
    expect(driver.log).toContainEqual(expect.objectContaining({ type: 'accepted', weight: 8, numExamples: 8 }))
    expect(driver.grants().slice(2).map(({ numExamples }) => numExamples)).toEqual([8, 8])
  })

  it('R6 R3: closes at its deadline with the quorum of participants, and the rest goes back to the epoch', () => {
    const driver = new Driver(cohort())
    driver.join('a')
    driver.join('b')
    driver.deliver('a')
    driver.settle()
    driver.at(999)
    expect(driver.state.version).toBe(0)
    driver.at(1000)
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, versionExamples: 8, epochs: [{ accepted: 8 }] })
  })

  it('R6 R3: gives out more than it needs where it is told to, and takes whoever is done first', () => {
    const driver = new Driver(cohort({ overSelection: 0.5 }))
    for (const id of ['a', 'b', 'c', 'd']) driver.join(id)
    expect(driver.grants().map(({ numExamples }) => numExamples)).toEqual([8, 8, 8])
    const late = driver.lastGrant('a')
    driver.deliver('b')
    driver.deliver('c')
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, versionExamples: 16, epochs: [{ accepted: 16 }] })
    expect(driver.deliver('a', late)).toBe('expired')
  })

  it('R6: one volunteer alone does every lease of a round', () => {
    const driver = new Driver({ ...cohort(), epochs: 1 })
    driver.join('a')
    for (let i = 0; i < 5; i++) {
      driver.deliver('a')
      driver.settle()
    }
    // 40 examples: two rounds of two leases, and a last one of what is left.
    expect(driver.log.filter(({ type }) => type === 'version')).toMatchObject([{ leases: ['1-1', '1-2'] }, { leases: ['1-3', '1-4'] }, { leases: ['1-5'] }])
    expect(driver.state).toMatchObject({ examples: 40, epochs: [], round: undefined })
  })

  it('L3: local training may be renewed for longer than a gradient', () => {
    const expiry = (settings: Partial<Settings>): number => {
      const driver = new Driver(settings)
      driver.join('a')
      while (driver.state.expired === 0) {
        driver.at(driver.now + 10_000)
        if (driver.state.expired === 0) driver.message('a', { type: 'renew', ...fence(driver.lastGrant('a')) })
      }
      return driver.now
    }
    expect(expiry(cohort({ quorum: 1 }))).toBe(40 * 30_000 + 20_000)
    expect(expiry({ ...cohort({ quorum: 1 }), local: { type: 'gradient' } })).toBe(10 * 30_000 + 20_000)
  })

  it('L5: a speed counts the examples of all steps', () => {
    const driver = new Driver(cohort())
    driver.join('a')
    driver.now = 100
    driver.deliver('a')
    // Five steps of four examples in 100 ms.
    expect(driver.state.volunteers['a']!.speed.train).toBe(200)
  })
})

describe('aggregators that see each update', () => {
  const compared = (minUpdates: number, extra: Partial<Settings> = {}): Partial<Settings> => ({ minUpdates, seesEach: true, ...extra })

  it('N3: are given updates of equal size in synchronous rounds, however fast a volunteer is', () => {
    const driver = new Driver(compared(3))
    driver.join('a')
    for (let i = 0; i < 4; i++) {
      driver.now += 10
      driver.deliver('a')
      driver.settle()
    }
    expect(driver.grants().map(({ numExamples }) => numExamples)).toEqual([4, 4, 4, 4, 4])
    expect(driver.state.version).toBe(1)
    expect(driver.log.find(({ type }) => type === 'version')).toMatchObject({ leases: ['1-1', '1-2', '1-3', '1-4'] })
  })

  it('N3: a round does not close at its deadline with fewer than the minimum, whatever its quorum', () => {
    const driver = new Driver(compared(3))
    driver.join('a')
    for (let i = 0; i < 2; i++) {
      driver.deliver('a')
      driver.settle()
    }
    driver.at(2000)
    expect(driver.state).toMatchObject({ version: 0, round: { accepted: 8 } })
    driver.deliver('a')
    driver.settle()
    driver.at(2001)
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, versionExamples: 12 })
  })

  it('N3: examples too few for a round of their own join the last one', () => {
    const driver = new Driver({ ...compared(2, cohort({ examplesPerLease: 12 })), epochs: 1 })
    // 40 examples: a round of 24, and 16 left are two leases of at most 12.
    expect(driver.state.round).toMatchObject({ examples: 24, participants: 2 })
    const fewer = new Driver({ ...compared(2, cohort({ examplesPerLease: 16 })), epochs: 1 })
    expect(fewer.state.round).toMatchObject({ examples: 40, participants: 3 })
  })
})

describe('cohorts on parts of the data', () => {
  it('D5: a lease is a whole part, and a round without a number of participants is all parts', () => {
    const driver = new Driver(divided())
    for (const id of ['a', 'b', 'c', 'd']) driver.join(id)
    expect(driver.grants().map(partOf).sort()).toEqual([0, 1, 2, 3])
    for (const id of ['a', 'b', 'c', 'd']) driver.deliver(id)
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, versionExamples: 40 })
  })

  it('D5 D4: a part stays with its owner, after a reconnection and a restart too', () => {
    const driver = new Driver(divided())
    const ids = ['a', 'b', 'c', 'd']
    for (const id of ids) driver.join(id)
    const owned = new Map(ids.map((id) => [id, partOf(driver.lastGrant(id))]))
    const round = (order: readonly string[]): void => {
      for (const id of order) driver.deliver(id)
      driver.settle()
      for (const id of ids) expect(partOf(driver.lastGrant(id)), id).toBe(owned.get(id))
    }
    round(ids)
    round(['d', 'b', 'a', 'c'])
    driver.event({ type: 'leave', volunteerId: 'a' })
    driver.join('a')
    round(['c', 'a', 'd', 'b'])
    const replayed = initialState(driver.state.settings)
    for (const record of [{ type: 'run' } as never, { type: 'checkpoint', version: 0, modelHash: HASH, file: HASH, bytes: 0, log: 1, segment: 1, replaySegments: [], at: { version: 0, examples: 0, accepted: 0 } } as const, { type: 'incarnation', incarnation: 1 } as const, ...driver.log]) replayRecord(replayed, record)
    for (const id of ids) expect(replayed.volunteers[id]!.shards.train).toEqual(driver.state.volunteers[id]!.shards.train)
    expect(replayed).toMatchObject({ version: 3, epochs: [{ epoch: 3 }], round: { epoch: 3, accepted: 0 } })
  })

  it('D5 L2: the part of a volunteer that is gone is given to somebody else', () => {
    const driver = new Driver(divided())
    for (const id of ['a', 'b', 'c', 'd']) driver.join(id)
    const lost = partOf(driver.lastGrant('d'))
    driver.event({ type: 'leave', volunteerId: 'd' })
    driver.deliver('a')
    driver.settle()
    driver.at(5_000)
    expect(partOf(driver.lastGrant('a'))).toBe(lost)
    for (const id of ['a', 'b', 'c']) driver.deliver(id)
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, versionExamples: 40 })
  })

  it('R6 D5: draws more parts than it needs where it is told to, and does not miss the last ones', () => {
    const driver = new Driver(divided({ participants: 2, overSelection: 0.5, quorum: 1 }))
    for (const id of ['a', 'b', 'c', 'd']) driver.join(id)
    expect(new Set(driver.grants().map(partOf)).size).toBe(3)
    driver.deliver('a')
    driver.deliver('c')
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, versionExamples: 20, epochs: [{ epoch: 1, accepted: 0 }] })
  })

  it('R6 D5: draws participants anew each round, and does not miss what a round left out', () => {
    const driver = new Driver(divided({ participants: 2, quorum: 0.5 }, 3))
    const drawn: number[][] = []
    driver.join('a')
    driver.join('b')
    for (let round = 0; round < 3; round++) {
      drawn.push(driver.grants().slice(-2).map(partOf).sort())
      driver.deliver('a')
      driver.settle()
      // The other one never answers.
      driver.at(driver.now + 1000)
      driver.settle()
      expect(driver.state.version).toBe(round + 1)
      driver.at(driver.now + 1000)
    }
    expect(new Set(drawn.map((parts) => parts.join())).size).toBeGreaterThan(1)
    for (const parts of drawn) expect(new Set(parts).size).toBe(2)
    expect(driver.state).toMatchObject({ examples: 30, epochs: [], round: undefined })
  })
})
