// One simulated run of a benchmark: the real coordinator and volunteers in virtual time, kept once it is done, so that a
// benchmark of many can be stopped and goes on where it was.
import { createHash } from 'node:crypto'
import { simulate } from '../../../server/simulate/simulate.ts'
import type { World } from '../../../server/simulate/world.ts'
import type { ShardedDataset } from '../../../src/data/shards.ts'
import { resolveAttack } from '../../../src/fed/attacks.ts'
import type { ModelSpec } from '../../../src/model/spec.ts'
import type { RunConfig } from '../../../src/wire/run-config.ts'
import type { Point } from './crossing.ts'
import { machine } from './machine.ts'
import type { TrialStore } from './store.ts'

export interface TrialPlan {
  /** Names it, and the file that keeps it. */
  readonly key: string
  readonly config: RunConfig
  readonly volunteers: number
  readonly world: Partial<World>
  /** Rounds between evaluations. */
  readonly evaluateEvery: number
  /** Whoever owns one of these parts of the data attacks. */
  readonly attack?: { readonly name: string; readonly parts: readonly number[] }
  /** In place of the zoo's. */
  readonly model?: ModelSpec
  /** In place of the data set's: what a byte of an example becomes. */
  readonly scaling?: { readonly scale: number; readonly offset: number }
  /** It ends after so many rounds, or as soon as this accuracy is reached. */
  readonly rounds: number
  readonly target?: number
  /** Or as soon as nothing will come of it, as far as its curve tells. */
  readonly hopeless?: (curve: readonly Point[]) => boolean
}

export interface TrialRecord {
  readonly key: string
  /** Of everything in the plan but when it ends. */
  readonly fingerprint: string
  readonly seed: number
  readonly outcome: 'target' | 'rounds' | 'diverged'
  readonly rounds: number
  /** Examples of the leases whose updates were accepted, however often local work went through them. */
  readonly examples: number
  readonly curve: readonly Point[]
  readonly machine: string
  readonly wallSeconds: number
}

export interface TrialSurroundings {
  readonly store: TrialStore
  dataset(config: RunConfig): Promise<ShardedDataset>
  readonly shouldStop: () => boolean
  readonly log: (line: string) => void
}

const LOG_EVERY_MS = 20_000

/** The trial's record, run now unless it is kept already. Undefined where it was interrupted: another time it goes on. */
export async function runTrial(plan: TrialPlan, { store, dataset, shouldStop, log }: TrialSurroundings): Promise<TrialRecord | undefined> {
  const { key, config, target, rounds, evaluateEvery, model, scaling, attack, hopeless = () => false } = plan
  const fingerprint = fingerprintOf(plan)
  const kept = store.get(key)
  if (kept?.fingerprint === fingerprint && (kept.outcome !== 'rounds' || kept.rounds >= rounds || hopeless(kept.curve))) return kept
  if (shouldStop()) return undefined
  const divided = await dataset(config)
  const interrupt = new AbortController()
  let loggedMs = Date.now()
  const seen: Point[] = []
  const report = await simulate({
    config, dataset: scaling === undefined ? divided : { ...divided, manifest: { ...divided.manifest, ...scaling } }, volunteers: plan.volunteers, seed: config.seed, world: plan.world,
    evaluation: { everyVersions: evaluateEvery }, saveTo: store.partial(key, fingerprint), signal: interrupt.signal,
    ...(model === undefined ? {} : { model }),
    ...(attack === undefined ? {} : { attack: { attack: resolveAttack(attack.name), attackers: { parts: attack.parts } } }),
    stop: ({ modelVersion, evaluation }) => {
      if (evaluation !== undefined && evaluation.modelVersion !== seen.at(-1)?.round) seen.push({ round: evaluation.modelVersion, accuracy: evaluation.accuracy })
      return modelVersion >= rounds || (target !== undefined && evaluation !== undefined && evaluation.accuracy >= target) || hopeless(seen)
    },
    onProgress: ({ modelVersion, evaluation }) => {
      if (shouldStop()) interrupt.abort()
      if (Date.now() - loggedMs < LOG_EVERY_MS) return
      loggedMs = Date.now()
      log(`${key}: round ${modelVersion} of at most ${rounds}, accuracy ${evaluation?.accuracy.toFixed(4) ?? '-'}`)
    },
  })
  if (report.outcome === 'interrupted') return undefined
  const curve = report.curve.map(({ version, accuracy }) => ({ round: version, accuracy }))
  const reached = target !== undefined && (curve.at(-1)?.accuracy ?? 0) >= target
  const record: TrialRecord = {
    key, fingerprint, seed: config.seed, outcome: report.outcome === 'diverged' ? 'diverged' : reached ? 'target' : 'rounds', rounds: report.versions, examples: report.examples, curve,
    machine: machine(), wallSeconds: Math.round(report.wallSeconds),
  }
  store.put(record)
  log(`${key}: ${describe(record)}`)
  return record
}

function fingerprintOf({ key: _key, rounds: _rounds, target: _target, hopeless: _hopeless, ...decisive }: TrialPlan): string {
  return createHash('sha256').update(JSON.stringify(decisive)).digest('hex').slice(0, 16)
}

function describe({ outcome, rounds, curve, wallSeconds }: TrialRecord): string {
  const best = Math.max(0, ...curve.map(({ accuracy }) => accuracy))
  return `${outcome === 'diverged' ? 'diverged' : `accuracy ${curve.at(-1)?.accuracy.toFixed(4) ?? '-'}, best ${best.toFixed(4)}`} after ${rounds} rounds, ${wallSeconds} s`
}
