import { describe, expect, it } from 'vitest'
import { median, MOST_ROUNDS, timeInTurns, type Repeat } from './timing.ts'

/** A clock that only work moves, and a log of who worked. */
function course() {
  let nowMs = 0
  const done: { readonly who: string; readonly count: number }[] = []
  /** `msOf` gives what one repetition takes at the n-th call. */
  const worker = (who: string, msOf: (call: number) => number): Repeat => {
    let calls = 0
    return async (count) => {
      done.push({ who, count })
      nowMs += count * msOf(calls++)
    }
  }
  return { now: () => nowMs, done, worker }
}

describe('timing in turns', () => {
  it('gives medians, their ratio and a control of one', async () => {
    const { now, done, worker } = course()
    const timing = await timeInTurns({ ours: worker('ours', () => 200), peer: worker('peer', () => 3_000), rounds: 3 }, now)
    expect(timing).toEqual({ oursMs: 200, peerMs: 3_000, ratio: 15, controlRatio: 1, rounds: 3 })
    // Calibrated with one each; then the peer between two samples of ours, which are of eight steps as 1.5 s are.
    expect(done.map(({ who, count }) => `${who} ${count}`)).toEqual(['ours 1', 'peer 1', ...Array.from({ length: 3 }, () => ['ours 8', 'peer 1', 'ours 8']).flat()])
  })

  it('puts many short steps into a sample, a hundred at once', async () => {
    const { now, done, worker } = course()
    const { oursMs, rounds } = await timeInTurns({ ours: worker('ours', () => 0.5), peer: worker('peer', () => 2_000), rounds: 1 }, now)
    expect({ oursMs, rounds }).toEqual({ oursMs: 0.5, rounds: 1 })
    const sampled = done.slice(done.findIndex(({ who }) => who === 'peer') + 1).filter(({ who }) => who === 'ours')
    expect(sampled.reduce((sum, { count }) => sum + count, 0)).toBe(2 * 3_000)
    expect(Math.max(...done.map(({ count }) => count))).toBe(100)
  })

  it('lets ours and the control follow the peer in turn', async () => {
    const { now, worker } = course()
    // Every second sample of ours follows the peer and is slower: without turns, the control would be 1.5.
    const follows = (call: number): number => (call > 0 && call % 2 === 0 ? 3_000 : 2_000)
    const timing = await timeInTurns({ ours: worker('ours', follows), peer: worker('peer', () => 2_000), rounds: 4 }, now)
    expect(timing).toMatchObject({ oursMs: 2_500, controlRatio: 1, rounds: 4 })
  })

  it('measures on until the control holds', async () => {
    const { now, worker } = course()
    // The first call calibrates; of the first round the second sample, the control, is disturbed.
    const timing = await timeInTurns({ ours: worker('ours', (call) => (call === 2 ? 3_000 : 2_000)), peer: worker('peer', () => 2_000), rounds: 1 }, now)
    expect(timing.rounds).toBe(3)
    expect(timing.controlRatio).toBe(1)
  })

  it('gives up on a control that never holds', async () => {
    const { now, worker } = course()
    let round = 0
    // Controls are calls 2, 3, 6, 7, 10 ... after the calibration at 0.
    const disturbed = (call: number): number => (call > 0 && Math.floor(call / 2) % 2 === 1 ? 3_000 : 2_000)
    const timing = await timeInTurns({ ours: worker('ours', disturbed), peer: async (count) => { round++; await worker('peer', () => 2_000)(count) }, rounds: 2 }, now)
    expect(timing).toMatchObject({ rounds: 2 * MOST_ROUNDS, controlRatio: 1.5 })
    expect(round).toBe(1 + 2 * MOST_ROUNDS)
  })

  it('knows medians', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })
})
