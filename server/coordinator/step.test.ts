// Schedules, evaluation and control: one rule of server/SPEC.md at a time, without disk, arithmetic or time.
import { describe, expect, it } from 'vitest'
import type { Effect } from './effects.ts'
import type { LogRecord } from './records.ts'
import { replayRecord } from './replay.ts'
import { initialState, type Settings } from './state.ts'
import { ASYNCHRONOUS, Driver, fence, HASH, headerOf } from './test-driver.ts'

describe('synchronous rounds', () => {
  it('R1 R2 V1: closes when all examples are accepted, and publishes once the version is on disk', () => {
    const driver = new Driver()
    driver.join('a')
    driver.now = 100
    driver.deliver('a')
    driver.settle()
    driver.deliver('a')
    driver.settle()
    driver.deliver('a')
    expect(driver.waiting).toContainEqual({ type: 'check', leaseId: '1-3', payloadHash: HASH })
    driver.settle()
    expect(driver.log.filter(({ type }) => type === 'version')).toMatchObject([{ version: 1, leases: ['1-1', '1-2', '1-3'], examples: 16 }])
    expect(driver.sent).toContainEqual({ volunteerId: 'a', message: { type: 'model', version: 1, hash: '1'.padStart(64, '0') } })
    expect(driver.lastGrant('a')).toMatchObject({ modelVersion: 1, numExamples: 16 })
  })

  it('V3 P1: tells nobody of an update or a version before it is on disk', () => {
    const driver = new Driver({ schedule: { type: 'synchronous', examplesPerRound: 4, deadlineMs: 1000, quorum: 0.5 } })
    driver.join('a')
    driver.settle()
    driver.deliver('a')
    driver.event({ type: 'checked', leaseId: '1-1', verdict: { ok: true, clampedElements: 0 } })
    const accepted = driver.waiting.findLast(({ type }) => type === 'persist') as Extract<Effect, { type: 'persist' }>
    expect(driver.results()).toEqual([])
    driver.event({ type: 'persisted', record: accepted.record })
    expect(driver.results()).toEqual([{ code: undefined, accepted: true, leaseId: '1-1' }])
    driver.event({ type: 'applied', version: 1, hash: HASH, leases: ['1-1'], totalWeight: 4 })
    expect(driver.state.version).toBe(0)
    expect(driver.sent.some(({ message }) => message.type === 'model')).toBe(false)
  })

  it('R2 R3: closes at its deadline with a quorum; the rest goes back, late updates are refused', () => {
    const driver = new Driver()
    driver.join('a')
    driver.join('b')
    driver.now = 100
    driver.deliver('a')
    driver.settle()
    const late = driver.lastGrant('b')
    for (let i = 0; i < 2; i++) {
      driver.deliver('a')
      driver.settle()
    }
    expect(driver.state).toMatchObject({ version: 0, round: { accepted: 12, outstanding: 4 } })
    driver.at(999)
    expect(driver.state.version).toBe(0)
    driver.at(1000)
    driver.settle()
    expect(driver.state).toMatchObject({ version: 1, versionExamples: 12 })
    expect(driver.deliver('b', late)).toBe('expired')
    // D1: what b did not do is done later in the same epoch.
    expect(driver.state.epochs[0]!.accepted).toBe(12)
  })

  it('R2: does not close without its quorum', () => {
    const driver = new Driver()
    driver.join('a')
    driver.join('b')
    driver.now = 100
    driver.deliver('b')
    driver.settle()
    driver.message('b', { type: 'release', ...fence(driver.lastGrant('b')), reason: 'paused' })
    driver.at(2000)
    expect(driver.state).toMatchObject({ version: 0, round: { accepted: 4, closing: false } })
  })

  it('R1 D1: the last round of an epoch is smaller, and every example is accepted once', () => {
    const driver = new Driver({ shards: { train: [20, 20], test: [] }, epochs: 1 })
    driver.join('a')
    for (let i = 0; i < 20 && !driver.state.finished; i++) {
      driver.now += 100
      if (driver.state.volunteers['a']!.leaseId !== undefined) driver.deliver('a')
      driver.settle()
    }
    expect(driver.state).toMatchObject({ finished: true, examples: 40, version: 3 })
    const records = driver.log.filter((record) => record.type === 'accepted')
    const seen = records.flatMap(({ slices }) => slices.flatMap(({ shard, start, count }) => Array.from({ length: count }, (_, i) => `${shard}/${start + i}`)))
    expect(new Set(seen).size).toBe(40)
    expect(seen).toHaveLength(40)
  })

  it('R4 D4: cuts a round by speed, and gives volunteers shards that they have', () => {
    const driver = new Driver({ shards: { train: [200, 200], test: [] }, schedule: { type: 'synchronous', examplesPerRound: 40, deadlineMs: 100_000, quorum: 1 } })
    driver.join('slow')
    driver.join('fast')
    const rates = { slow: 10, fast: 40 } as const
    const doneMs = (id: keyof typeof rates): number => {
      const lease = driver.state.leases[driver.state.volunteers[id]!.leaseId ?? '']
      return lease === undefined ? Infinity : lease.grantedMs + (lease.numExamples / rates[id]) * 1000
    }
    while (driver.state.version < 4) {
      const id = doneMs('slow') < doneMs('fast') ? 'slow' : 'fast'
      driver.now = doneMs(id)
      const lease = driver.lastGrant(id)
      const header = headerOf(lease, { computeMs: (lease.numExamples / rates[id]) * 1000 })
      driver.announce(id, header)
      driver.event({ type: 'submit', volunteerId: id, header, bytes: 32 })
      driver.settle()
    }
    expect(driver.lastGrant('slow').numExamples).toBe(8)
    expect(driver.lastGrant('fast').numExamples).toBe(32)
    const shards = (id: string): number[] => [...new Set(driver.grants(id).flatMap(({ work }) => work.slices.map(({ shard }) => shard)))]
    expect(shards('slow')).not.toEqual(shards('fast'))
    expect(shards('slow')).toHaveLength(1)
  })

  it('R5: a volunteer too slow for any share gets another chance after a while', () => {
    const driver = new Driver({ shards: { train: [20_000], test: [] }, schedule: { type: 'synchronous', examplesPerRound: 8, deadlineMs: 1_000_000, quorum: 1 } })
    driver.join('slow')
    driver.join('fast')
    const tookMs = { slow: 2_000, fast: 100 }
    driver.workUntil(20_000, tookMs)
    expect(driver.grants('slow')).toHaveLength(2)
    driver.workUntil(200_000, tookMs)
    expect(driver.grants('slow')).toHaveLength(4)
  })
})

describe('asynchronous updates', () => {
  it('A1 A2 A3: each makes a version; older ones weigh less; too old ones are refused and their work returned', () => {
    const driver = new Driver({ schedule: ASYNCHRONOUS })
    for (const id of ['a', 'b', 'c']) driver.join(id)
    driver.now = 100
    for (const id of ['a', 'b']) {
      driver.deliver(id, driver.grants(id)[0]!)
      driver.settle()
    }
    expect(driver.log.filter(({ type }) => type === 'accepted')).toMatchObject([{ staleness: 0, weight: 1024 }, { staleness: 1, weight: 724 }])
    expect(driver.state).toMatchObject({ version: 2, staleness: [1, 1] })
    const before = driver.state.epochs[0]!.accepted
    expect(driver.deliver('c', driver.grants('c')[0]!)).toBe('too-stale')
    expect(driver.state.epochs[0]!.accepted).toBe(before)
    expect(driver.lastGrant('c').modelVersion).toBe(2)
  })

  it('A2: staleness is judged when an update gets its place in the log, not when it is announced', () => {
    const driver = new Driver({ schedule: ASYNCHRONOUS })
    for (const id of ['a', 'b', 'c']) driver.join(id)
    driver.now = 100
    for (const id of ['a', 'b', 'c']) expect(driver.deliver(id, driver.grants(id)[0]!)).toBeUndefined()
    driver.settle()
    expect(driver.log.filter(({ type }) => type === 'accepted')).toMatchObject([{ staleness: 0 }, { staleness: 1 }])
    expect(driver.results().filter(({ accepted }) => !accepted)).toMatchObject([{ code: 'too-stale' }])
  })
})

describe('asynchronous grants', () => {
  it('A4: wait for the version of their volunteer\'s own last update', () => {
    const driver = new Driver({ schedule: ASYNCHRONOUS })
    driver.join('a')
    driver.now = 100
    driver.deliver('a')
    driver.event({ type: 'checked', leaseId: '1-1', verdict: { ok: true, clampedElements: 0 } })
    const persist = (): void => {
      const { record } = driver.waiting.findLast(({ type }) => type === 'persist') as Extract<Effect, { type: 'persist' }>
      driver.event({ type: 'persisted', record })
    }
    persist()
    expect([driver.state.pending.length, driver.grants('a').length]).toEqual([1, 1])
    // Others need not wait for it.
    driver.join('b')
    expect(driver.grants('b')).toMatchObject([{ modelVersion: 0 }])
    driver.event({ type: 'applied', version: 1, hash: HASH, leases: ['1-1'], totalWeight: 1024 })
    expect(driver.grants('a')).toHaveLength(1)
    persist()
    expect(driver.grants('a')[1]).toMatchObject({ modelVersion: 1 })
  })
})

describe('evaluation', () => {
  const evaluating = (extra: Partial<Settings['evaluation']> = {}): Driver => {
    const driver = new Driver({ schedule: { type: 'synchronous', examplesPerRound: 4, deadlineMs: 1000, quorum: 0.5 }, evaluation: { everyExamples: 4, recheckFraction: 0, ...extra } })
    driver.join('a')
    driver.now = 100
    driver.deliver('a')
    driver.settle()
    return driver
  }
  const answer = (driver: Driver, id: string, correct: number): void => {
    const lease = driver.lastGrant(id)
    driver.message(id, { type: 'evaluation', ...fence(lease), modelVersion: lease.modelVersion, metrics: { lossSum: lease.numExamples / 2, correct, examples: lease.numExamples }, computeMs: 10 })
  }

  it('E1 E2: counts every test example once, at a pinned version', () => {
    const driver = evaluating()
    while (driver.lastGrant('a').kind === 'evaluate') {
      expect(driver.lastGrant('a')).toMatchObject({ modelVersion: 1, work: { split: 'test' } })
      answer(driver, 'a', 1)
      driver.settle()
    }
    const pieces = driver.grants('a').filter(({ kind }) => kind === 'evaluate')
    expect(driver.state.lastEvaluation).toEqual({ modelVersion: 1, atExamples: 4, loss: 0.5, accuracy: pieces.length / 10, examples: 10 })
  })

  it('E3: refuses an implausible answer, and asks somebody else', () => {
    const driver = evaluating({ recheckFraction: 1 })
    driver.join('b')
    const lease = driver.lastGrant('a')
    answer(driver, 'a', lease.numExamples)
    const recheck = driver.waiting.find(({ type }) => type === 'recheck')
    expect(recheck).toMatchObject({ leaseId: lease.leaseId, slices: lease.work.slices })
    driver.event({ type: 'rechecked', leaseId: lease.leaseId, truth: { lossSum: lease.numExamples / 2, correct: 0 } })
    expect(driver.results().at(-1)).toMatchObject({ accepted: false, code: 'implausible' })
    expect(driver.state).toMatchObject({ rechecks: { done: 1, disagreed: 1 }, evaluation: { correct: 0, barred: ['a'] } })
  })

  it.each([
    ['nobody is there', (driver: Driver) => void driver.event({ type: 'leave', volunteerId: 'a' })],
    ['the only one is paused', (driver: Driver) => driver.message('a', { type: 'release', ...fence(driver.lastGrant('a')), reason: 'paused' })],
  ])('E4: the coordinator does it alone when %s', (_, goAway) => {
    const driver = evaluating()
    expect(driver.waiting.some(({ type }) => type === 'evaluate')).toBe(false)
    goAway(driver)
    driver.at(6_000)
    const own = driver.waiting.find((effect): effect is Extract<Effect, { type: 'evaluate' }> => effect.type === 'evaluate')!
    expect(own.slices).toEqual([{ shard: 0, start: 0, count: 10 }])
    driver.event({ type: 'evaluated', evaluation: own.evaluation, slices: own.slices, truth: { lossSum: 5, correct: 3 } })
    driver.settle()
    expect(driver.state.lastEvaluation).toMatchObject({ accuracy: 0.3, loss: 0.5 })
  })
})

describe('control and disk', () => {
  it('C1: pause revokes what is being computed and finishes what is here; resume goes on', () => {
    const driver = new Driver()
    driver.join('a')
    driver.join('b')
    driver.now = 100
    driver.deliver('a')
    driver.event({ type: 'control', action: 'pause' })
    expect(driver.sent.filter(({ message }) => message.type === 'revoke')).toMatchObject([{ volunteerId: 'b' }])
    expect(driver.sent).toContainEqual({ volunteerId: 'b', message: { type: 'run-state', state: 'paused' } })
    driver.settle()
    expect(driver.state).toMatchObject({ accepted: 1, leases: {} })
    const grants = driver.grants().length
    driver.at(50_000)
    expect(driver.grants()).toHaveLength(grants)
    driver.event({ type: 'control', action: 'resume' })
    expect(driver.grants()).toHaveLength(grants + 2)
  })

  it('C2: control and everything durable are a fold of the log', () => {
    const driver = new Driver({ schedule: ASYNCHRONOUS })
    for (const id of ['a', 'b']) driver.join(id)
    for (let i = 1; i < 6; i++) {
      driver.now = i * 100
      for (const id of ['a', 'b']) driver.deliver(id)
      driver.settle()
    }
    driver.event({ type: 'control', action: 'pause' })
    driver.settle()
    const replayed = initialState(driver.state.settings)
    const first: LogRecord[] = [
      { type: 'run', formatVersion: 2, runId: 'run', config: {} as never, trainShards: [20, 20], dataHash: 'data' },
      { type: 'checkpoint', version: 0, modelHash: HASH, file: HASH, bytes: 0, log: 1, segment: 1, replaySegments: [], at: { version: 0, examples: 0, accepted: 0 } },
      { type: 'incarnation', incarnation: 1 },
    ]
    for (const record of [...first, ...driver.log]) replayRecord(replayed, record)
    const { version, modelHash, examples, versionExamples, accepted, staleness, control, epochs, pending, plannedVersion } = driver.state
    expect(replayed).toMatchObject({ version, modelHash, examples, versionExamples, accepted, staleness, control, epochs, pending, plannedVersion })
    expect(control).toBe('paused')
  })

  it('P7: grants nothing while the disk refuses, and says why', () => {
    const driver = new Driver()
    driver.event({ type: 'disk', fault: 'the disk is full' })
    driver.join('a')
    expect(driver.grants()).toEqual([])
    driver.event({ type: 'disk', fault: undefined })
    expect(driver.grants()).toHaveLength(1)
  })
})
