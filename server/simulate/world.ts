// Who takes part in a simulation: each volunteer's speed, connection and reliability, drawn from a seed.
import { ConfigError } from '../../src/base/errors.ts'
import { createRng, permutation, type Rng } from '../../src/base/rng.ts'

/** Speeds and bandwidths are log-uniform around their middle. */
export interface World {
  /** Middle speed of training, examples per second. */
  readonly examplesPerSecond: number
  /** Speed of the fastest volunteer over that of the slowest. */
  readonly speedSpread: number
  /** Middle bandwidths, megabits per second, and the fastest over the slowest. */
  readonly uploadMbps: number
  readonly downloadMbps: number
  readonly bandwidthSpread: number
  /** One way. */
  readonly latencyMs: number
  /** Probability that a middling volunteer disappears during a lease, and that of whoever does so most often over the least. */
  readonly dropout: number
  readonly dropoutSpread: number
  /** Mean time until one that has disappeared is back. */
  readonly awaySeconds: number
}

export const DEFAULT_WORLD: World = {
  examplesPerSecond: 500, speedSpread: 10, uploadMbps: 10, downloadMbps: 50, bandwidthSpread: 10, latencyMs: 50, dropout: 0.05, dropoutSpread: 1, awaySeconds: 60,
}

export interface Traits {
  readonly id: string
  readonly examplesPerSecond: number
  readonly uploadBytesPerMs: number
  readonly downloadBytesPerMs: number
  readonly latencyMs: number
  readonly dropout: number
  readonly arrivalMs: number
  /** Sends what the simulation's attack makes of its updates. */
  readonly attacker: boolean
  /** Of its own fate alone: what others do changes nothing in it. */
  readonly rng: Rng
}

/** However unreliable, it now and then completes a lease. */
const MOST_DROPOUT = 0.95

/** All arrive within this time. */
export const ARRIVAL_MS = 5_000
const MBPS_IN_BYTES_PER_MS = 125

export interface Draw {
  readonly volunteers: number
  readonly attackers: number
  readonly seed: number
  /** When they come: 0 unless a simulation goes on. */
  readonly startMs: number
}

export function drawTraits(world: World, { volunteers, attackers, seed, startMs }: Draw): readonly Traits[] {
  checkWorld(world)
  const rng = createRng(`simulate/${seed}`)
  const speeds = spreadOut(volunteers, world.speedSpread, rng.fork('speeds'))
  const uploads = spreadOut(volunteers, world.bandwidthSpread, rng.fork('uploads'))
  const downloads = spreadOut(volunteers, world.bandwidthSpread, rng.fork('downloads'))
  const dropouts = spreadOut(volunteers, world.dropoutSpread, rng.fork('dropouts'))
  const attacking = new Set(permutation(rng.fork('attackers'), volunteers).slice(0, attackers))
  return Array.from({ length: volunteers }, (_, i) => {
    const own = rng.fork(`volunteer ${i} from ${startMs}`)
    return {
      id: `simulated-${i}`, examplesPerSecond: world.examplesPerSecond * speeds[i]!, latencyMs: world.latencyMs,
      uploadBytesPerMs: world.uploadMbps * MBPS_IN_BYTES_PER_MS * uploads[i]!, downloadBytesPerMs: world.downloadMbps * MBPS_IN_BYTES_PER_MS * downloads[i]!,
      dropout: Math.min(world.dropout * dropouts[i]!, Math.max(world.dropout, MOST_DROPOUT)), arrivalMs: own.uniform() * ARRIVAL_MS, attacker: attacking.has(i), rng: own,
    }
  })
}

/** Factors evenly spaced on a logarithmic scale around 1, the largest `spread` times the smallest, in a random order. */
function spreadOut(count: number, spread: number, rng: Rng): readonly number[] {
  return Array.from(permutation(rng, count), (rank) => (count === 1 ? 1 : spread ** (rank / (count - 1) - 0.5)))
}

function checkWorld(world: World): void {
  for (const [key, value] of Object.entries(world) as [keyof World, number][]) {
    const fits = key === 'dropout' ? value >= 0 && value < 1 : key === 'latencyMs' || key === 'awaySeconds' ? value >= 0 && value < Infinity : key.endsWith('Spread') ? value >= 1 && value <= 1e6 : value > 0 && value < Infinity
    if (!fits) throw new ConfigError(`${key}: must be ${key === 'dropout' ? 'a probability from 0 to below 1' : key.endsWith('Spread') ? 'from 1 to a million' : 'above 0'}, got ${value}.`)
  }
}
