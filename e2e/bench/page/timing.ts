// Ours and a peer timed in turns, with ours a second time as the control: medians of several samples, so that other work on
// the machine falls on all three alike, and a control that says how far it moves a ratio all the same.
import { controlHolds, type Timing } from '../messages.ts'

/** Does it `count` times; resolves when the device has done them all. */
export type Repeat = (count: number) => Promise<void>

export interface Contest {
  readonly ours: Repeat
  readonly peer: Repeat
  /** Samples of each; up to `MOST_ROUNDS` times as many where the control does not hold. */
  readonly rounds: number
}

/** About as long is one sample: many steps where they are short, as a single one of a millisecond measures the clock and the scheduler. */
const SAMPLE_MS = 1_500

/** How many are a sample is told from at least so long a time. */
const CALIBRATION_MS = 100

/** Asked for before anything is waited for: libraries slow down where their queue grows without bound. */
const MOST_AT_ONCE = 100

/** A control that does not hold is measured on, for so many times the rounds at most. */
export const MOST_ROUNDS = 4

/** Times are of one repetition. */
export async function timeInTurns({ ours, peer, rounds }: Contest, now: () => number = () => performance.now()): Promise<Timing> {
  const sampleOurs = await sampler(ours, now), samplePeer = await sampler(peer, now)
  const times = { ours: [] as number[], peer: [] as number[], control: [] as number[] }
  const controlRatio = (): number => median(times.control) / median(times.ours)
  for (let round = 0; round < rounds || (round < MOST_ROUNDS * rounds && !controlHolds(controlRatio())); round++) {
    // Whoever follows the peer finds its data in the caches: that is ours and the control in turn.
    const [before, after] = round % 2 === 0 ? [times.ours, times.control] : [times.control, times.ours]
    before.push(await sampleOurs())
    times.peer.push(await samplePeer())
    after.push(await sampleOurs())
  }
  const oursMs = median(times.ours), peerMs = median(times.peer)
  return { oursMs, peerMs, ratio: peerMs / oursMs, controlRatio: controlRatio(), rounds: times.ours.length }
}

/** Gives the milliseconds of one repetition, measured over as many as a sample takes. */
async function sampler(repeat: Repeat, now: () => number): Promise<() => Promise<number>> {
  const sample = async (count: number): Promise<number> => {
    const start = now()
    for (let left = count; left > 0; left -= MOST_AT_ONCE) await repeat(Math.min(left, MOST_AT_ONCE))
    return now() - start
  }
  let count = 1, ms = await sample(count)
  while (ms < CALIBRATION_MS) {
    count *= 4
    ms = await sample(count)
  }
  const counted = Math.max(1, Math.round(SAMPLE_MS * count / ms))
  return async () => await sample(counted) / counted
}

/** Of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1]!, sorted[Math.floor(sorted.length / 2)]!]
  return (low + high) / 2
}
