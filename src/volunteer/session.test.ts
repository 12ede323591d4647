// The session against a link, a trainer and a clock that the test moves by hand.
import { describe, expect, test } from 'vitest'
import { PROTOCOL_VERSION } from '../wire/messages.ts'
import type { LeaseMemory } from './lease-memory.ts'
import { Session } from './session.ts'
import { begin, FakeLink, FakeTrainer, handClock, latest, leaseOf, metrics, settle, trained, welcomeOf } from './test-session.ts'
import { NonFiniteError } from './trainer-port.ts'

describe('leases', () => {
  test('a grant becomes an update, its acceptance a contribution and a new ready', async () => {
    const { clock, link, trainer, session, state } = await begin()
    expect(link.types()).toEqual(['ready'])
    expect(state()).toEqual({ state: 'waiting', runState: 'running' })
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    expect(state()).toMatchObject({ state: 'leased', phase: 'downloading', kind: 'train' })
    latest(trainer.worked).hooks.onProgress('computing', 0.5)
    expect(state()).toMatchObject({ phase: 'computing', fraction: 0.5 })
    await clock.pass(500)
    latest(trainer.worked).finish(trained)
    await settle()
    expect(state()).toMatchObject({ phase: 'uploading' })
    const { header, payload } = latest(link.updates)
    expect(header).toMatchObject({ leaseId: 'lease-1', grant: 1, incarnation: 1, modelVersion: 3, numExamples: 10, payloadBytes: 8, codec: 'f32', metrics })
    expect(header.tensors).toEqual([{ name: 'dense/weight', role: 'param', size: 2, weight: 10 }])
    expect([...new Float32Array(payload.buffer, payload.byteOffset, 2)]).toEqual([1, -2])
    link.say({ type: 'result', leaseId: 'lease-1', grant: 1, accepted: true })
    expect(session.view()).toMatchObject({ contribution: { examples: 10, acceptedLeases: 1, bytesUp: 8 }, losses: [2], examplesPerSecond: 20 })
    expect(link.types()).toEqual(['ready', 'ready'])
  })

  test.each([true, false])('M1: memory hears of an update when it has been made, and again if it counts: accepted is %s', async (accepted) => {
    const { link, trainer } = await begin()
    const calls: string[] = []
    const memory: LeaseMemory = { owed: Float32Array.of(1, 1), propose: (hash, owed) => void calls.push(`propose ${hash} ${owed?.join()}`), accepted: (hash) => void calls.push(`accepted ${hash}`) }
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    latest(trainer.worked).finish({ ...trained, memory })
    await settle()
    const { header: { payloadHash }, payload } = latest(link.updates)
    expect([...new Float32Array(payload.buffer, payload.byteOffset, 2)]).toEqual([2, -1])
    expect(calls).toEqual([`propose ${payloadHash} 0,0`])
    link.say({ type: 'result', leaseId: 'lease-1', grant: 1, accepted, ...(accepted ? {} : { code: 'too-stale' as const, message: 'too old' }) })
    expect(calls.slice(1)).toEqual(accepted ? [`accepted ${payloadHash}`] : [])
  })

  test('M1: memory is told when the run is over', async () => {
    const { link, trainer } = await begin()
    link.say({ type: 'run-state', state: 'paused' })
    expect(trainer.forgotten).toEqual([])
    link.say({ type: 'run-state', state: 'finished' })
    expect(trainer.forgotten).toEqual([welcomeOf().runId])
  })

  test('an evaluation lease is answered with a message and counts apart', async () => {
    const { link, trainer, session } = await begin()
    link.say({ type: 'grant', lease: leaseOf({ kind: 'evaluate' }) })
    await settle()
    latest(trainer.worked).finish({ kind: 'evaluate', metrics, computeMs: 5 })
    await settle()
    expect(latest(link.sent)).toMatchObject({ type: 'evaluation', leaseId: 'lease-1', modelVersion: 3, metrics, computeMs: 5 })
    link.say({ type: 'result', leaseId: 'lease-1', grant: 1, accepted: true })
    expect(session.view().contribution).toMatchObject({ examples: 0, evaluatedExamples: 10, acceptedLeases: 1 })
  })

  test('a lease is renewed at a third of its duration while it is worked on', async () => {
    const { clock, link } = await begin()
    link.say({ type: 'grant', lease: leaseOf({ durationMs: 9000 }) })
    await clock.pass(2999)
    expect(link.types()).toEqual(['ready'])
    await clock.pass(3001)
    expect(link.types()).toEqual(['ready', 'renew', 'renew'])
    expect(latest(link.sent)).toMatchObject({ leaseId: 'lease-1', grant: 1, incarnation: 1 })
  })

  test('a device that hangs does not keep its lease for ever', async () => {
    const { clock, link, trainer } = await begin()
    link.say({ type: 'grant', lease: leaseOf({ durationMs: 9000 }) })
    await clock.pass(100_000)
    latest(trainer.worked).hooks.onProgress('computing', 0.1)
    await clock.pass(100_000)
    expect(latest(link.sent)).toMatchObject({ type: 'renew' })
    await clock.pass(23_000)
    expect(link.sent.find(({ type }) => type === 'release')).toMatchObject({ leaseId: 'lease-1', reason: 'lease: must make progress, got none for 120 s.' })
  })

  test('a revoked lease is stopped; a revocation of an older grant is not for us', async () => {
    const { link, trainer, state } = await begin()
    link.say({ type: 'grant', lease: leaseOf({ grant: 2 }) })
    await settle()
    link.say({ type: 'revoke', leaseId: 'lease-1', grant: 1 })
    expect(state()).toMatchObject({ state: 'leased' })
    link.say({ type: 'revoke', leaseId: 'lease-1', grant: 2 })
    expect(latest(trainer.worked).hooks.signal.aborted).toBe(true)
    expect(link.types()).toEqual(['ready', 'ready'])
  })

  test('a refused update is told, and the next ready waits a moment', async () => {
    const { clock, link, trainer, session } = await begin()
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    latest(trainer.worked).finish(trained)
    await settle()
    link.say({ type: 'result', leaseId: 'lease-1', grant: 1, accepted: false, code: 'too-stale', message: 'too old' })
    expect(session.view()).toMatchObject({ trouble: 'too old', contribution: { refusedLeases: 1, examples: 0 } })
    expect(link.types()).toEqual(['ready'])
    await clock.pass(250)
    expect(link.types()).toEqual(['ready', 'ready'])
  })

  test('an update refused at its announcement is not waited for', async () => {
    const { clock, link, trainer, session } = await begin()
    link.fate = async () => ({ type: 'refused', code: 'expired', message: 'the round is closed' })
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    latest(trainer.worked).finish(trained)
    await clock.pass(300)
    expect(session.view().session.state).toBe('waiting')
    expect(session.view().trouble).toBe('the round is closed')
    expect(link.types()).toEqual(['ready', 'ready'])
  })

  test('a loss that is not finite gives the lease back with the reason', async () => {
    const { link, trainer } = await begin()
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    latest(trainer.worked).fail(new NonFiniteError('loss: must be finite, got NaN'))
    await settle()
    expect(latest(link.sent)).toMatchObject({ type: 'release', leaseId: 'lease-1', reason: 'loss: must be finite, got NaN' })
  })

  test('a verdict that never comes does not idle us for ever', async () => {
    const { clock, link, trainer } = await begin()
    link.say({ type: 'grant', lease: leaseOf({ durationMs: 3000 }) })
    await settle()
    latest(trainer.worked).finish(trained)
    await clock.pass(3100)
    expect(link.types()).toEqual(['ready', 'ready'])
  })
})

describe('the connection', () => {
  test('a lease survives a lost connection: computed meanwhile, kept by name, sent once welcome', async () => {
    const { clock, link, trainer, state } = await begin()
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    link.events?.onClose('transport close', 700)
    expect(state()).toEqual({ state: 'disconnected', reason: 'transport close', retryInMs: 700, working: true })
    latest(trainer.worked).finish(trained)
    await clock.pass(700)
    expect(link.updates).toHaveLength(0)
    link.answer = welcomeOf({ keepLease: true })
    link.events?.onOpen()
    await settle()
    expect(latest(link.hellos).holding).toEqual({ runId: 'run-1', leaseId: 'lease-1', incarnation: 1, grant: 1 })
    expect(link.updates).toHaveLength(1)
    expect(state()).toMatchObject({ state: 'leased', phase: 'uploading' })
  })

  test('an upload cut off in the middle is sent again', async () => {
    const { link, trainer } = await begin()
    link.fate = async () => { throw new Error('connection lost') }
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    latest(trainer.worked).finish(trained)
    await settle()
    link.events?.onClose('transport close', 500)
    link.fate = async () => undefined
    link.answer = welcomeOf({ keepLease: true })
    link.events?.onOpen()
    await settle()
    expect(link.updates.map(({ header }) => header.leaseId)).toEqual(['lease-1', 'lease-1'])
  })

  test('a coordinator that does not keep the lease ends it, and gets a ready', async () => {
    const { link, trainer, state } = await begin()
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    link.events?.onClose('transport close', 500)
    link.answer = welcomeOf({ keepLease: false, incarnation: 2 })
    link.events?.onOpen()
    await settle()
    expect(latest(trainer.worked).hooks.signal.aborted).toBe(true)
    expect(link.types()).toEqual(['ready', 'ready'])
    expect(state()).toMatchObject({ state: 'waiting' })
  })

  test('a lease is dropped when it must have expired while we were cut off', async () => {
    const { clock, link, trainer } = await begin()
    link.say({ type: 'grant', lease: leaseOf({ durationMs: 9000 }) })
    await settle()
    link.events?.onClose('transport close', 60_000)
    await clock.pass(8900)
    expect(latest(trainer.worked).hooks.signal.aborted).toBe(false)
    await clock.pass(200)
    expect(latest(trainer.worked).hooks.signal.aborted).toBe(true)
    link.events?.onOpen()
    await settle()
    expect(latest(link.hellos).holding).toBeUndefined()
  })

  test.each(['protocol-version', 'unknown-run'] as const)('a hello refused with %s is final', async (code) => {
    const { link, state, trainer } = await begin({ type: 'refused', code, message: 'no' })
    await settle()
    expect(state()).toEqual({ state: 'refused', code, message: 'no' })
    expect(link.closed).toBe(true)
    expect(trainer.disposed).toBe(true)
  })

  test('a coordinator of another protocol version is not misunderstood', async () => {
    const { state } = await begin(welcomeOf({ protocolVersion: PROTOCOL_VERSION + 1 }))
    expect(state()).toMatchObject({ state: 'refused', code: 'protocol-version' })
  })
})

describe('pause and stop', () => {
  test('pause gives the lease back at once; resume asks for another', async () => {
    const { link, trainer, session, state } = await begin()
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    session.pause()
    expect(state()).toEqual({ state: 'paused' })
    expect(latest(link.sent)).toMatchObject({ type: 'release', leaseId: 'lease-1' })
    expect(latest(trainer.worked).hooks.signal.aborted).toBe(true)
    link.say({ type: 'grant', lease: leaseOf({ leaseId: 'lease-2' }) })
    expect(latest(link.sent)).toMatchObject({ type: 'release', leaseId: 'lease-2' })
    session.resume()
    expect(link.types()).toEqual(['ready', 'release', 'release', 'ready'])
    expect(state()).toMatchObject({ state: 'waiting' })
  })

  test('pause aborts an upload', async () => {
    const { link, trainer, session } = await begin()
    link.fate = () => new Promise(() => {})
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    latest(trainer.worked).finish(trained)
    await settle()
    session.pause()
    expect(latest(link.updates).signal.aborted).toBe(true)
  })

  test('a lease granted after resume begins only when the trainer has let go of the last', async () => {
    const { link, trainer, session } = await begin()
    let letGo: () => void = () => {}
    trainer.work = (lease, hooks) => {
      trainer.worked.push({ lease, hooks, finish: () => {}, fail: () => {} })
      return new Promise((_, reject) => { letGo = () => reject(hooks.signal.reason) })
    }
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    session.pause()
    session.resume()
    link.say({ type: 'grant', lease: leaseOf({ leaseId: 'lease-2' }) })
    await settle()
    expect(trainer.worked).toHaveLength(1)
    letGo()
    await settle()
    expect(trainer.worked.map(({ lease }) => lease.leaseId)).toEqual(['lease-1', 'lease-2'])
  })

  test('stop gives the lease back, closes the link and lets go of the device', async () => {
    const { link, trainer, session, state } = await begin()
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    await session.stop()
    expect(link.types()).toEqual(['ready', 'release'])
    expect(link.closed).toBe(true)
    expect(trainer.disposed).toBe(true)
    expect(state()).toEqual({ state: 'stopped' })
    link.events?.onClose('late', 100)
    expect(state()).toEqual({ state: 'stopped' })
  })
})

describe('failures', () => {
  test.each([['NoAdapterError', 'no-adapter'], ['NoWebGpuError', 'no-webgpu'], ['DeviceLostError', 'device-lost'], ['ConfigError', 'too-large']])('%s shows as %s', async (name, failure) => {
    const clock = handClock(), link = new FakeLink(), trainer = new FakeTrainer()
    trainer.openFails = Object.assign(new Error('why'), { name })
    const session = new Session({ volunteerId: 'v1', link, trainer, clock })
    await session.start()
    expect(session.view().session).toEqual({ state: 'failed', failure, message: 'why' })
    expect(link.events).toBeUndefined()
  })

  test('a device lost for good gives the lease back and ends the session', async () => {
    const { link, trainer, state } = await begin()
    link.say({ type: 'grant', lease: leaseOf() })
    await settle()
    latest(trainer.worked).fail(Object.assign(new Error('the GPU is gone'), { name: 'DeviceLostError' }))
    await settle()
    expect(link.types()).toEqual(['ready', 'release'])
    expect(state()).toMatchObject({ state: 'failed', failure: 'device-lost' })
  })
})
