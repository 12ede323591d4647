// Leases, the fence and refusals: one rule of server/SPEC.md at a time, without disk, arithmetic or time.
import { describe, expect, it } from 'vitest'
import { PROTOCOL_VERSION, type RefusalCode, type UpdateHeader } from '../../src/wire/messages.ts'
import { Driver, fence, headerOf } from './test-driver.ts'

describe('leases', () => {
  it('L1 L5 L7: an idle volunteer that asked gets two leases of one batch first, then by its speed', () => {
    const driver = new Driver()
    driver.join('a')
    expect(driver.grants().map(({ numExamples }) => numExamples)).toEqual([4])
    driver.message('a', { type: 'ready', runId: 'run' })
    expect(driver.grants()).toHaveLength(1)
    driver.now = 100
    driver.deliver('a')
    driver.settle()
    // The first one was cold.
    expect(driver.lastGrant('a').numExamples).toBe(4)
    driver.deliver('a')
    driver.settle()
    // Alone and measured: it gets the rest of the round at once, without asking.
    expect(driver.lastGrant('a').numExamples).toBe(8)
  })

  it('L2 L3 F3: an expired lease is granted to somebody else within its time; its update is refused', () => {
    const driver = new Driver()
    driver.join('a')
    const lease = driver.lastGrant('a')
    driver.at(lease.durationMs - 1)
    expect(driver.state.expired).toBe(0)
    driver.join('b')
    driver.at(lease.durationMs)
    expect(driver.state).toMatchObject({ expired: 1, leases: { '1-2': { volunteerId: 'b' } } })
    expect(driver.sent).toContainEqual({ volunteerId: 'a', message: { type: 'revoke', leaseId: lease.leaseId, grant: lease.grant } })
    expect(driver.deliver('a', lease)).toBe('expired')
    const pool = driver.state.epochs[0]!
    expect(pool.freeExamples + pool.accepted + Object.values(driver.state.leases).reduce((sum, { numExamples }) => sum + numExamples, 0)).toBe(40)
  })

  it('L3: renewals extend a lease, but not for ever', () => {
    const driver = new Driver()
    driver.join('a')
    const lease = driver.lastGrant('a')
    let lived = 0
    while (driver.state.expired === 0 && lived < 100) {
      driver.at(++lived * (lease.durationMs / 3))
      driver.message('a', { type: 'renew', ...fence(lease) })
    }
    expect((lived * lease.durationMs) / 3 / lease.durationMs).toBeGreaterThan(9)
    expect((lived * lease.durationMs) / 3 / lease.durationMs).toBeLessThan(12)
  })

  it('L3 L5: a clock that jumps while somebody computes makes nobody look slow, and later leases live no longer', () => {
    const driver = new Driver()
    driver.join('a')
    // Just before a tick would find it overdue.
    driver.now = 240_000
    driver.deliver('a')
    driver.settle()
    expect(driver.state.volunteers['a']!.speed.train).toBe(0)
    expect(driver.lastGrant('a')).toMatchObject({ leaseId: '1-2', durationMs: 30_000 })
    driver.at(driver.now + 1_000)
    driver.deliver('a')
    expect(driver.state.volunteers['a']!.speed.train).toBeGreaterThan(0)
  })

  it('L4: a lease outlives a broken connection for a while, and is kept by naming it', () => {
    const driver = new Driver()
    driver.join('a')
    const lease = driver.lastGrant('a')
    driver.event({ type: 'leave', volunteerId: 'a' })
    driver.at(4_900)
    expect(driver.join('a', lease)).toBe(true)
    expect(driver.deliver('a', lease)).toBeUndefined()
    driver.settle()
    expect(driver.results()).toEqual([{ code: undefined, accepted: true, leaseId: lease.leaseId }])
  })

  it('L4: it ends when its volunteer stays away, or comes back without it', () => {
    const away = new Driver()
    away.join('a')
    away.event({ type: 'leave', volunteerId: 'a' })
    away.at(5_000)
    expect(away.state.leases).toEqual({})
    const reloaded = new Driver()
    reloaded.join('a')
    const lease = reloaded.lastGrant('a')
    reloaded.event({ type: 'leave', volunteerId: 'a' })
    reloaded.join('a')
    expect(Object.keys(reloaded.state.leases)).toEqual(['1-2'])
    expect(reloaded.deliver('a', lease)).toBe('expired')
  })

  it('L6: a volunteer whose update was refused rests, and the work goes to another', () => {
    const driver = new Driver({ schedule: { type: 'synchronous', examplesPerRound: 4, deadlineMs: 1000, quorum: 0.5 } })
    driver.join('a')
    driver.join('b')
    expect(driver.grants('b')).toEqual([])
    const lease = driver.lastGrant('a')
    expect(driver.announce('a', headerOf(lease, { codec: 'f16' }))).toBe('wrong-codec')
    expect(driver.lastGrant('b').numExamples).toBe(4)
    driver.at(1)
    expect(driver.grants('a')).toHaveLength(1)
  })

  it('L8: the run waits without a volunteer, and goes on when one comes', () => {
    const driver = new Driver()
    driver.at(1000)
    expect(driver.state.seconds).toBe(0)
    driver.join('a')
    driver.at(3000)
    expect(driver.state.seconds).toBe(2)
  })

  it('gives the work of a released lease to others and waits until its volunteer asks again', () => {
    const driver = new Driver()
    driver.join('a')
    driver.message('a', { type: 'release', ...fence(driver.lastGrant('a')), reason: 'paused' })
    expect(driver.state).toMatchObject({ leases: {}, epochs: [{ freeExamples: 40 }], round: { outstanding: 0 } })
    driver.at(20_000)
    expect(driver.grants()).toHaveLength(1)
    driver.message('a', { type: 'ready', runId: 'run' })
    expect(driver.grants()).toHaveLength(2)
  })
})

describe('the fence and refusals', () => {
  const CASES: readonly (readonly [RefusalCode, Partial<UpdateHeader>, boolean])[] = [
    ['protocol-version', { protocolVersion: PROTOCOL_VERSION + 1 }, false],
    ['unknown-run', { runId: 'other' }, false],
    ['old-incarnation', { incarnation: 0 }, false],
    ['old-grant', { grant: 0 }, false],
    ['unknown-lease', { leaseId: '1-99' }, false],
    ['unknown-lease', { leaseId: 'constructor' }, false],
    ['wrong-version', { modelVersion: 7 }, true],
    ['wrong-codec', { codec: 'f16' }, true],
    ['too-large', { payloadBytes: 33 }, true],
    ['wrong-size', { payloadBytes: 31 }, true],
    ['malformed', { numExamples: 5 }, true],
    ['malformed', { metrics: { lossSum: 0, correct: 5, examples: 4 } }, true],
    ['wrong-tensors', { tensors: [] }, true],
    ['wrong-tensors', { tensors: [{ name: 'w', role: 'buffer', size: 8, weight: 4 }] }, true],
    ['wrong-tensors', { tensors: [{ name: 'w', role: 'param', size: 8, weight: 5 }] }, true],
  ]
  it.each(CASES)('F2 X1 X2: %s for %j, counted', (code, extra, endsLease) => {
    const driver = new Driver()
    driver.join('a')
    const lease = driver.lastGrant('a')
    const before = driver.state
    expect(driver.announce('a', headerOf(lease, extra))).toBe(code)
    expect(driver.state.refused).toEqual({ [code]: 1 })
    expect(driver.state.volunteers['a']!.refusedLeases).toBe(1)
    expect(Object.hasOwn(driver.state.leases, lease.leaseId)).toBe(!endsLease)
    expect(driver.waiting.filter(({ type }) => type !== 'persist')).toEqual([])
    expect(driver.state).toMatchObject({ version: 0, examples: 0, accepted: 0, plannedVersion: before.plannedVersion })
    // X2: the examples are free again, or leased again.
    const leased = Object.values(driver.state.leases).reduce((sum, { numExamples }) => sum + numExamples, 0)
    expect(driver.state.epochs[0]!.freeExamples + leased).toBe(40)
  })

  it('F2: refuses the lease of another volunteer', () => {
    const driver = new Driver()
    driver.join('a')
    driver.join('b')
    expect(driver.announce('b', headerOf(driver.lastGrant('a')))).toBe('unknown-lease')
    expect(Object.keys(driver.state.leases)).toHaveLength(2)
  })

  it('F3: refuses a replay before, while and after it is accepted', () => {
    const driver = new Driver()
    driver.join('a')
    const lease = driver.lastGrant('a')
    expect(driver.deliver('a', lease)).toBeUndefined()
    expect(driver.deliver('a', lease)).toBe('duplicate')
    driver.settle()
    expect(driver.deliver('a', lease)).toBe('duplicate')
    expect(driver.state).toMatchObject({ examples: 4, accepted: 1, refused: { duplicate: 2 } })
  })

  it('X1: refuses a payload that is not as long as announced, or not finite', () => {
    const driver = new Driver()
    driver.join('a')
    const header = headerOf(driver.lastGrant('a'))
    driver.announce('a', header)
    driver.event({ type: 'submit', volunteerId: 'a', header, bytes: 28 })
    expect(driver.results().at(-1)).toMatchObject({ accepted: false, code: 'wrong-size' })
    driver.at(1000)
    driver.deliver('a')
    driver.event({ type: 'checked', leaseId: driver.lastGrant('a').leaseId, verdict: { ok: false, code: 'non-finite', message: 'NaN' } })
    expect(driver.results().at(-1)).toMatchObject({ accepted: false, code: 'non-finite' })
    expect(driver.state).toMatchObject({ examples: 0, refused: { 'wrong-size': 1, 'non-finite': 1 } })
  })

  it('X3: pauses a run that has diverged, saying so', () => {
    const driver = new Driver()
    driver.join('a')
    for (let i = 1; i <= 8; i++) {
      driver.at(i * 20_000)
      driver.deliver('a')
      driver.event({ type: 'checked', leaseId: driver.lastGrant('a').leaseId, verdict: { ok: false, code: 'non-finite', message: 'NaN' } })
    }
    expect(driver.state).toMatchObject({ control: 'paused', controlReason: expect.stringMatching(/diverged/) as string })
    expect(driver.waiting.slice(-2)).toMatchObject([{ type: 'persist', record: { type: 'control', action: 'pause', reason: 'diverged' } }, { type: 'discard' }])
  })

  it('X3: takes leases given back because of their loss for such updates, and lets their volunteers rest', () => {
    const driver = new Driver()
    driver.join('a')
    for (let i = 1; i <= 8; i++) {
      driver.at(i * 20_000)
      const { runId, leaseId, incarnation, grant } = driver.lastGrant('a')
      driver.event({ type: 'message', volunteerId: 'a', message: { type: 'release', runId, leaseId, incarnation, grant, reason: 'loss: must be finite', nonFinite: true } })
      driver.event({ type: 'message', volunteerId: 'a', message: { type: 'ready', runId } })
      expect(driver.state.control).toBe(i < 8 ? 'running' : 'paused')
      if (i === 1) expect(driver.lastGrant('a').leaseId).toBe(leaseId)
    }
    expect(driver.state).toMatchObject({ controlReason: 'diverged', refused: { 'non-finite': 8 } })
  })

  it('counts malformed messages, of strangers too', () => {
    const driver = new Driver()
    driver.event({ type: 'malformed', volunteerId: undefined })
    driver.event({ type: 'malformed', volunteerId: 'nobody' })
    expect(driver.state.refused).toEqual({ malformed: 2 })
  })
})
