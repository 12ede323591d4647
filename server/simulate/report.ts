// What a simulation leaves behind as JSON: equal byte for byte for the same seed, but for `wallSeconds`.
import { inRounds } from '../../src/fed/strategy.ts'
import type { RefusalCode } from '../../src/wire/messages.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { RunStatus } from '../../src/wire/dashboard.ts'
import type { World } from './world.ts'

export type SimulationOutcome =
  /** Its stop condition was met. */
  | 'met'
  /** All epochs are done. */
  | 'finished'
  /** The virtual time that it was given is over. */
  | 'too-late'
  | 'interrupted'
  /** Losses or updates were not finite, again and again. */
  | 'diverged'

/** An evaluation on the whole test split. */
export interface SimulatedPoint {
  readonly version: number
  readonly virtualSeconds: number
  /** Accepted training examples. */
  readonly examples: number
  readonly loss: number
  readonly accuracy: number
}

/** Of one figure, over all volunteers. */
export interface Distribution {
  readonly min: number
  readonly quartiles: readonly [number, number, number]
  readonly max: number
}

export interface SimulationReport {
  readonly run: string
  readonly seed: number
  readonly outcome: SimulationOutcome
  /** Why, where a person should know. */
  readonly reason: string
  /** Model versions made in rounds; null where there are no rounds. */
  readonly rounds: number | null
  readonly versions: number
  readonly examples: number
  readonly virtualSeconds: number
  readonly bytesUp: number
  readonly bytesDown: number
  /** Accepted updates by staleness (index); none in rounds. */
  readonly staleness: readonly number[]
  readonly leases: { readonly accepted: number; readonly refused: Readonly<Partial<Record<RefusalCode, number>>>; readonly expired: number }
  /** Times that a volunteer disappeared. */
  readonly dropouts: number
  readonly curve: readonly SimulatedPoint[]
  readonly volunteers: {
    readonly count: number
    readonly attackers: number
    readonly examplesPerSecond: Distribution
    readonly acceptedLeases: Distribution
    readonly examples: Distribution
    readonly bytesUp: Distribution
  }
  readonly world: World
  readonly config: RunConfig
  readonly wallSeconds: number
}

export interface ReportParts {
  readonly config: RunConfig
  readonly seed: number
  readonly world: World
  readonly attackers: number
  readonly speeds: readonly number[]
  readonly outcome: SimulationOutcome
  readonly reason: string
  readonly status: RunStatus
  readonly virtualSeconds: number
  readonly dropouts: number
  readonly curve: readonly SimulatedPoint[]
  readonly wallSeconds: number
}

export function createSimulationReport(parts: ReportParts): SimulationReport {
  const { config, status, seed, outcome, reason, virtualSeconds, dropouts, curve, world, speeds, attackers, wallSeconds } = parts
  // Those who never got anything are no longer known to the coordinator.
  const of = (figure: (volunteer: RunStatus['volunteers'][number]) => number): Distribution =>
    distribution([...status.volunteers.map(figure), ...Array.from({ length: Math.max(0, speeds.length - status.volunteers.length) }, () => 0)])
  return {
    run: config.name, seed, outcome, reason,
    rounds: inRounds(config.strategy.schedule) ? status.modelVersion : null, versions: status.modelVersion, examples: status.examples, virtualSeconds: rounded(virtualSeconds),
    bytesUp: status.bytesUp, bytesDown: status.bytesDown, staleness: status.staleness,
    leases: { accepted: status.accepted, refused: status.refused, expired: status.expired }, dropouts,
    curve: curve.map((point) => ({ ...point, virtualSeconds: rounded(point.virtualSeconds) })),
    volunteers: {
      count: speeds.length, attackers, examplesPerSecond: distribution(speeds.map(rounded)),
      acceptedLeases: of(({ acceptedLeases }) => acceptedLeases), examples: of(({ examples }) => examples), bytesUp: of(({ bytesUp }) => bytesUp),
    },
    world, config, wallSeconds: rounded(wallSeconds),
  }
}

function distribution(values: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (fraction: number): number => sorted[Math.round(fraction * (sorted.length - 1))] ?? 0
  return { min: at(0), quartiles: [at(0.25), at(0.5), at(0.75)], max: at(1) }
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
