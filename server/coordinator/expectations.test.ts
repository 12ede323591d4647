// What is measured of volunteers, and what it decides (server/SPEC.md L3, L5, L9, L10, R4, R5, R8).
import { describe, expect, it } from 'vitest'
import type { Lease } from '../../src/wire/messages.ts'
import { fromDurable, toDurable } from './durable-state.ts'
import { shareOut } from './rounds.ts'
import type { Settings, VolunteerState } from './state.ts'
import { ASYNCHRONOUS, Driver, fence, headerOf } from './test-driver.ts'

const of = (driver: Driver, id: string): VolunteerState => driver.state.volunteers[id]!

/** A lease whose model is there after `downMs`, computed after `computeMs` more and uploaded in `upMs`. */
function carryOut(driver: Driver, id: string, { downMs, computeMs, upMs, downloadedBytes = 32 }: { downMs: number; computeMs: number; upMs: number; downloadedBytes?: number }): Lease {
  const lease = driver.lastGrant(id), header = headerOf(lease, { computeMs, downloadedBytes })
  driver.at(driver.now + downMs + computeMs)
  driver.event({ type: 'announce', volunteerId: id, header })
  driver.at(driver.now + upMs)
  driver.event({ type: 'submit', volunteerId: id, header, bytes: 32 })
  driver.settle()
  return lease
}

/** Rounds of two batches. */
const rounds: Partial<Settings> = { schedule: { type: 'synchronous', examplesPerRound: 8, deadlineMs: 1_000_000, quorum: 1 }, shards: { train: [20_000], test: [] } }

describe('measurements', () => {
  it('L5 L9: tell computing, the way down and the way up apart', () => {
    const driver = new Driver()
    driver.join('a')
    carryOut(driver, 'a', { downMs: 200, computeMs: 400, upMs: 4_000 })
    expect(of(driver, 'a')).toMatchObject({ speed: { train: 10 }, bandwidth: { down: 160, up: 8 } })
  })

  it('L5 L9: forget a first lease, which was cold, for the second', () => {
    const driver = new Driver()
    driver.join('a')
    carryOut(driver, 'a', { downMs: 1_000, computeMs: 2_000, upMs: 1_000 })
    expect(of(driver, 'a').speed.train).toBe(2)
    carryOut(driver, 'a', { downMs: 40, computeMs: 20, upMs: 10 })
    expect(of(driver, 'a')).toMatchObject({ speed: { train: 200 }, bandwidth: { down: 800, up: 3200 } })
  })

  it('L5: the newest counts more the longer the last is ago', () => {
    const speedAfter = (idleMs: number): number => {
      const driver = new Driver(rounds)
      driver.join('a')
      for (let i = 0; i < 2; i++) carryOut(driver, 'a', { downMs: 0, computeMs: 1_000, upMs: 0 })
      expect(of(driver, 'a').speed.train).toBe(4)
      driver.state = { ...driver.state, volunteers: { a: { ...of(driver, 'a'), idleSinceMs: driver.now - idleMs } } }
      carryOut(driver, 'a', { downMs: 0, computeMs: 1_000, upMs: 0 })
      return of(driver, 'a').speed.train
    }
    // Eight examples in a second.
    expect([0, 3_000].map(speedAfter)).toEqual([4 + 0.4 * 4, 4 + 0.75 * 4])
  })

  it('L9: nothing that was fetched tells nothing of the way down, and a claim raises it fourfold at most', () => {
    const driver = new Driver()
    driver.join('a')
    carryOut(driver, 'a', { downMs: 400, computeMs: 400, upMs: 100, downloadedBytes: 0 })
    expect(of(driver, 'a').bandwidth.down).toBe(0)
    carryOut(driver, 'a', { downMs: 400, computeMs: 400, upMs: 100 })
    expect(of(driver, 'a').bandwidth.down).toBe(80)
    carryOut(driver, 'a', { downMs: 400, computeMs: 400, upMs: 100, downloadedBytes: 1e12 })
    expect(of(driver, 'a').bandwidth.down).toBe(80 + 0.4 * (4 * 80 - 80))
  })

  it('L9: measures nothing where the clock jumped meanwhile', () => {
    const driver = new Driver()
    driver.join('a')
    driver.now = 20_000
    driver.deliver('a')
    expect(of(driver, 'a')).toMatchObject({ speed: { train: 0 }, bandwidth: { up: 0, down: 0 } })
  })

  it('L10: losing a lease lowers reliability, delivering raises it, and neither settles it', () => {
    const driver = new Driver()
    driver.join('a')
    expect(of(driver, 'a').reliability).toBe(1)
    carryOut(driver, 'a', { downMs: 0, computeMs: 100, upMs: 0 })
    expect(of(driver, 'a').reliability).toBe(1)
    driver.at(driver.now + driver.lastGrant('a').durationMs)
    expect(driver.state.expired).toBe(1)
    expect(of(driver, 'a').reliability).toBeCloseTo(0.8)
    driver.at(driver.now + 1_000)
    carryOut(driver, 'a', { downMs: 0, computeMs: 100, upMs: 0 })
    expect(of(driver, 'a').reliability).toBeCloseTo(0.84)
  })

  it('L10: a reload without the lease is a loss; giving it back, or being too slow for a round, is none', () => {
    const driver = new Driver()
    for (const id of ['reloading', 'pausing', 'slow', 'quick']) driver.join(id)
    driver.event({ type: 'leave', volunteerId: 'reloading' })
    driver.join('reloading')
    expect(of(driver, 'reloading').reliability).toBeCloseTo(0.8)
    driver.message('pausing', { type: 'release', ...fence(driver.lastGrant('pausing')), reason: 'paused' })
    expect(of(driver, 'pausing').reliability).toBe(1)
    const speed = { train: 4, evaluate: 0 }, trials = { train: 2, evaluate: 0 }
    driver.state = { ...driver.state, volunteers: { ...driver.state.volunteers, slow: { ...of(driver, 'slow'), speed, trials } } }
    driver.now = 100
    for (let i = 0; i < 2; i++) {
      driver.deliver('quick')
      driver.settle()
    }
    driver.at(1_000)
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, volunteers: { slow: { lostLeases: 1, reliability: 1 } } })
  })

  it.each(['gone', 'frozen since it came'])('L10 R2: whoever is %s when its round closes has lost its lease', (how) => {
    const driver = new Driver()
    driver.join('gone')
    driver.join('here')
    driver.now = 900
    driver.deliver('here')
    driver.settle()
    driver.deliver('here')
    driver.settle()
    if (how === 'gone') driver.event({ type: 'leave', volunteerId: 'gone' })
    driver.at(1_000)
    expect(driver.state.round).toMatchObject({ closing: true })
    expect(of(driver, 'gone').reliability).toBeCloseTo(0.8)
  })

  it('P8: are in every checkpoint; one of an earlier release lacks them', () => {
    const driver = new Driver()
    driver.join('a')
    carryOut(driver, 'a', { downMs: 200, computeMs: 400, upMs: 4_000 })
    const durable = toDurable(driver.state)
    const { speed, trials, bandwidth, reliability } = of(driver, 'a')
    expect(fromDurable(driver.state.settings, durable).volunteers['a']).toMatchObject({ speed, trials, bandwidth, reliability })
    const former = JSON.parse(JSON.stringify(durable, (key, value: unknown) => (['trials', 'bandwidth', 'reliability'].includes(key) ? undefined : value))) as typeof durable
    expect(fromDurable(driver.state.settings, former).volunteers['a']).toMatchObject({ speed, trials: { train: 0, evaluate: 0 }, bandwidth: { up: 0, down: 0 }, reliability: 1 })
  })
})

describe('what they decide', () => {
  it('L3 L9: a lease lives four times as long as it should take, transfers included', () => {
    const driver = new Driver(rounds)
    driver.join('a')
    carryOut(driver, 'a', { downMs: 2_000, computeMs: 1_000, upMs: 4_000 })
    // 4 more examples take a second, and the same bytes travel.
    expect(driver.lastGrant('a')).toMatchObject({ numExamples: 4, durationMs: 4 * 7_000 })
  })

  it('L3: an upload may be renewed as long as the computing before it', () => {
    const driver = new Driver(rounds)
    driver.join('a')
    const lease = driver.lastGrant('a')
    const renewUntil = (ms: number): void => {
      while (driver.now < ms) {
        driver.at(driver.now + 10_000)
        driver.message('a', { type: 'renew', ...fence(lease) })
      }
    }
    renewUntil(290_000)
    driver.announce('a', headerOf(lease))
    renewUntil(570_000)
    expect(driver.state.expired).toBe(0)
    renewUntil(640_000)
    expect(driver.state.expired).toBe(1)
  })

  it('R4 L9: what travels slowly to a volunteer is computed by others, however fast it computes', () => {
    const driver = new Driver(rounds)
    driver.join('far')
    driver.join('near')
    for (let i = 0; i < 2; i++) {
      carryOut(driver, 'near', { downMs: 10, computeMs: 200, upMs: 10 })
      carryOut(driver, 'far', { downMs: 3_000, computeMs: 100, upMs: 3_000 })
    }
    expect(driver.state.version).toBe(2)
    expect(driver.lastGrant('near').numExamples).toBe(8)
    expect(driver.grants('far')).toHaveLength(2)
  })

  it('R4 R5 L10: a round does not wait for whoever loses leases, but gives it another chance', () => {
    const driver = new Driver(rounds)
    driver.join('flaky')
    driver.join('steady')
    for (let i = 0; i < 2; i++) {
      carryOut(driver, 'flaky', { downMs: 0, computeMs: 100, upMs: 0 })
      carryOut(driver, 'steady', { downMs: 0, computeMs: 1_000, upMs: 0 })
    }
    const work = (until: number): void => {
      while (driver.now < until) {
        carryOut(driver, 'steady', { downMs: 0, computeMs: 1_000, upMs: 0 })
        const { leaseId } = of(driver, 'flaky')
        if (leaseId !== undefined) driver.at(driver.now + driver.state.leases[leaseId]!.durationMs)
      }
    }
    work(30_000)
    const { length } = driver.grants('flaky')
    // As fast as it is, it would be given the whole round if it were reliable.
    expect(of(driver, 'flaky').reliability).toBeLessThanOrEqual(0.8)
    expect(driver.grants('steady').length).toBeGreaterThan(2 * length)
    work(300_000)
    expect(driver.grants('flaky').length).toBeGreaterThan(length)
  })

  it('L5 L10: whoever was too slow for its second lease is known to be slow', () => {
    const driver = new Driver({ schedule: { type: 'synchronous', examplesPerRound: 8, deadlineMs: 2_000, quorum: 0.5 }, shards: { train: [20_000], test: [] } })
    driver.join('slow')
    carryOut(driver, 'slow', { downMs: 0, computeMs: 2_500, upMs: 0 })
    expect(of(driver, 'slow')).toMatchObject({ speed: { train: 4 / 2.5 }, trials: { train: 1 } })
    driver.join('quick')
    carryOut(driver, 'quick', { downMs: 0, computeMs: 100, upMs: 0 })
    // The round has its quorum then, and is late.
    driver.at(driver.now + 2_000)
    driver.settle()
    expect(driver.state).toMatchObject({ version: 2, volunteers: { slow: { speed: { train: 4 / 2.5 }, trials: { train: 2 }, lostLeases: 1 } } })
    expect(of(driver, 'slow').reliability).toBeCloseTo(0.8)
  })

  it('R4: what all have waited for is nobody\'s disadvantage', () => {
    const sharesAfter = (pauseMs: number): readonly (number | undefined)[] => {
      const driver = new Driver(rounds)
      const known = { wantsWork: true, connected: true, leaseId: undefined, trials: { train: 2, evaluate: 0 }, idleSinceMs: 0 }
      for (const id of ['quick', 'slow']) driver.join(id)
      const volunteers = { quick: { ...of(driver, 'quick'), ...known, speed: { train: 40, evaluate: 0 } }, slow: { ...of(driver, 'slow'), ...known, speed: { train: 20, evaluate: 0 } } }
      const shares = shareOut({ ...driver.state, volunteers, leases: {} }, Object.values(volunteers), 120, pauseMs)
      return ['quick', 'slow'].map((id) => shares.get(id))
    }
    expect(sharesAfter(0)).toEqual([80, 40])
    expect(sharesAfter(60_000)).toEqual([80, 40])
  })

  it('R5: whoever never had anything to do gets a chance as well', () => {
    const driver = new Driver(rounds)
    driver.join('first')
    carryOut(driver, 'first', { downMs: 0, computeMs: 50, upMs: 0 })
    carryOut(driver, 'first', { downMs: 0, computeMs: 50, upMs: 0 })
    driver.join('later')
    while (driver.now < 120_000 && driver.grants('later').length === 0) carryOut(driver, 'first', { downMs: 0, computeMs: 50, upMs: 0 })
    expect(driver.grants('later')).toHaveLength(1)
  })

  it('R5: the less it costs to try a volunteer, the sooner it gets its chance', () => {
    const firstChanceMs = (slowMs: number): number => {
      const driver = new Driver(rounds)
      for (const id of ['slow', 'fast']) driver.join(id)
      const known = (): boolean => driver.grants('slow').length > 2
      while (!known() && driver.now < 300_000) driver.workUntil(driver.now + 1, { slow: slowMs, fast: slowMs / 20 })
      return driver.now
    }
    // Ten times as long as a round: after nine times the doubt, which is four times 100 ms here, and ten seconds at most.
    const cheap = firstChanceMs(100), dear = firstChanceMs(5_000)
    expect(cheap).toBeGreaterThan(9 * 400)
    expect(cheap).toBeLessThan(9_000)
    expect(dear).toBeGreaterThan(9 * 10_000)
    expect(dear).toBeLessThan(120_000)
  })

  it('R5: evaluating teaches nothing about training, and is no chance', () => {
    const chances = (everyExamples: number): number => {
      const driver = new Driver({ ...rounds, shards: { train: [20_000], test: [16] }, evaluation: { everyExamples, recheckFraction: 0.5 } })
      for (const id of ['slow', 'fast']) driver.join(id)
      driver.workUntil(25_000, { slow: 500, fast: 50 })
      const kinds = driver.grants('slow').map(({ kind }) => kind)
      expect(kinds.includes('evaluate')).toBe(everyExamples < 1000)
      return kinds.filter((kind) => kind === 'train').length
    }
    expect([1_000_000, 80].map(chances)).toEqual([3, 3])
  })

  it('R8 L10: what an unreliable volunteer computes is computed again first, by the most reliable one', () => {
    const driver = new Driver({ ...rounds, schedule: { type: 'synchronous', examplesPerRound: 8, deadlineMs: 1_000_000, quorum: 1, overSelection: 0.5 } })
    for (const id of ['a', 'b']) driver.join(id)
    for (const [id, reliability] of [['a', 0.9], ['b', 0.5]] as const) driver.state = { ...driver.state, volunteers: { ...driver.state.volunteers, [id]: { ...of(driver, id), reliability } } }
    driver.join('c')
    expect(driver.lastGrant('c').work.slices).toEqual(driver.lastGrant('b').work.slices)
  })

  it('L5 L9: an asynchronous lease is worth the time that it travels', () => {
    const driver = new Driver({ schedule: { ...ASYNCHRONOUS, examplesPerLease: 40, maxStaleness: 100 }, shards: { train: [20_000], test: [] } })
    driver.join('far')
    driver.join('fast')
    carryOut(driver, 'fast', { downMs: 0, computeMs: 10, upMs: 0 })
    carryOut(driver, 'far', { downMs: 500, computeMs: 200, upMs: 1_000 })
    // At 20 examples a second, 1.5 s of travelling are worth 30.
    expect(driver.lastGrant('far').numExamples).toBe(32)
    expect(driver.lastGrant('fast').numExamples).toBe(40)
  })
})
