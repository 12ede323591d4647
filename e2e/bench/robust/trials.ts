// One aggregator under one attack, in the setting of Karimireddy, He and Jaggi 2022 (arXiv 2006.09365): 25 volunteers, 5 of
// them attackers, gradients of 32 examples with momentum of the volunteer's own, data sorted by label but for the attackers',
// who have a fair sample. A volunteer's momentum is that of an optimizer which goes on from lease to lease.
import { parseRun } from '../../../server/runs.ts'
import type { ModelSpec } from '../../../src/model/spec.ts'
import type { RunConfig } from '../../../src/wire/run-config.ts'
import { runTrial, type TrialRecord, type TrialSurroundings } from '../trials/trial.ts'
import { ATTACKERS, MOMENTUM, RATE, type Rule } from './rules.ts'

export const VOLUNTEERS = 25
/** `none` trains with the same data and nobody attacks. */
export const ATTACKS = ['none', 'bit-flip', 'label-flip', 'inner-product', 'float-flip'] as const
export type AttackName = (typeof ATTACKS)[number]

const EVALUATIONS = 10

/** All wait for all, and a step takes longer than everybody's arrival: whoever has had a part of the data once keeps it. */
const WORLD = { examplesPerSecond: 4, speedSpread: 1, bandwidthSpread: 1, uploadMbps: 1_000, downloadMbps: 1_000, latencyMs: 1, dropout: 0 }

export const runOf = ({ key, aggregator }: Rule, rounds: number): RunConfig => parseRun({
  name: key, title: `${key} under attack`, dataset: { name: 'mnist' }, model: 'mlp-2nn', batchSize: 32, seed: 1, epochs: rounds,
  strategy: {
    schedule: { type: 'cohort', quorum: 1, deadlineMs: 3_600_000 }, work: 'partition', aggregator, serverOptimizer: { name: 'sgd', learningRate: 1 },
    local: { type: 'steps', steps: 1, batchSize: 32, optimizer: { name: 'momentum', learningRate: RATE, beta1: MOMENTUM }, keepOptimizerState: true },
  },
  partition: { parts: VOLUNTEERS, by: { name: 'label-order', fair: ATTACKERS } },
}, key)

export interface AttackSetting {
  readonly rounds: number
  /** In place of the 2NN, for tests. */
  readonly model?: ModelSpec
}

export function attackTrial(rule: Rule, attack: AttackName, { rounds, ...setting }: AttackSetting, surroundings: TrialSurroundings): Promise<TrialRecord | undefined> {
  return runTrial({
    key: `${rule.key}-${attack}-${rounds}`, config: runOf(rule, rounds), volunteers: VOLUNTEERS, world: WORLD, evaluateEvery: Math.max(1, Math.floor(rounds / EVALUATIONS)), rounds, ...setting,
    ...(attack === 'none' ? {} : { attack: { name: attack, parts: Array.from({ length: ATTACKERS }, (_, i) => VOLUNTEERS - ATTACKERS + i) } }),
  }, surroundings)
}
