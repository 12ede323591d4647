// Strategies side by side on MNIST divided by Dirichlet(0.1) among 100: each round 10 of them train on 600 examples each on
// average, so that a number of rounds is the same number of examples for all. Rates are tuned by small grids: the best last
// accuracy counts, as a mean over the last rounds, which leap.
import { parseRun } from '../../../server/runs.ts'
import { runTrial, type TrialRecord, type TrialSurroundings } from '../trials/trial.ts'
import { CLIENTS } from './cells.ts'
import { WORLD } from './tune.ts'

/** Rounds of 6,000 examples. */
export const COMPARED_ROUNDS = 30
export const LAST = 5

interface Contestant {
  readonly name: string
  /** What the grid varies, for people. */
  readonly tunes: string
  readonly grid: readonly number[]
  readonly strategy: (value: number) => object
}

const LOCAL = [0.0316, 0.1, 0.316]
const rounds = { participants: CLIENTS / 10, quorum: 1 }
const local = (learningRate: number): object => ({ schedule: rounds, local: { optimizer: { learningRate } } })

export const CONTESTANTS: readonly Contestant[] = [
  { name: 'fed-avg', tunes: 'local rate', grid: LOCAL, strategy: (rate) => ({ preset: 'fed-avg', ...local(rate) }) },
  { name: 'fed-prox', tunes: 'local rate, mu 0.01', grid: LOCAL, strategy: (rate) => ({ preset: 'fed-prox', ...local(rate) }) },
  { name: 'fed-nova', tunes: 'local rate', grid: LOCAL, strategy: (rate) => ({ preset: 'fed-nova', ...local(rate) }) },
  { name: 'fed-adam', tunes: 'server rate, local rate 0.1', grid: [0.001, 0.00316, 0.01], strategy: (rate) => ({ preset: 'fed-adam', ...local(0.1), serverOptimizer: { learningRate: rate } }) },
  // H = 60 steps of 10 examples: what the others train on in a round, and a tenth of the steps that DiLoCo is known for.
  { name: 'diloco', tunes: 'rate of the inner AdamW', grid: [0.000316, 0.001, 0.00316], strategy: (rate) => ({ preset: 'diloco', schedule: rounds, local: { steps: 60, batchSize: 10, optimizer: { learningRate: rate } } }) },
  { name: 'scaffold', tunes: 'local rate', grid: LOCAL, strategy: (rate) => ({ preset: 'scaffold', ...local(rate) }) },
]

export interface Compared {
  readonly contestant: Contestant
  readonly trials: readonly { readonly value: number; readonly record: TrialRecord; readonly last: number }[]
  readonly finished: boolean
}

export async function compare(contestant: Contestant, surroundings: TrialSurroundings): Promise<Compared> {
  const trials: Compared['trials'][number][] = []
  for (const value of contestant.grid) {
    const key = `dirichlet-${contestant.name}-${value}`
    const config = parseRun({
      name: `dirichlet-${contestant.name}`, title: `${contestant.name} on MNIST, Dirichlet(0.1)`, dataset: { name: 'mnist' }, model: 'mlp-2nn', batchSize: 600, seed: 1, epochs: 1_000,
      strategy: contestant.strategy(value), partition: { parts: CLIENTS, by: { name: 'dirichlet', alpha: 0.1 } },
    }, key)
    const record = await runTrial({ key, config, volunteers: CLIENTS, world: WORLD, evaluateEvery: 1, rounds: COMPARED_ROUNDS }, surroundings)
    if (record === undefined) return { contestant, trials, finished: false }
    trials.push({ value, record, last: lastAccuracy(record) })
  }
  return { contestant, trials, finished: true }
}

/** Mean over the last rounds; none of a run that diverged. */
export function lastAccuracy({ outcome, curve }: Pick<TrialRecord, 'outcome' | 'curve'>): number {
  const last = curve.slice(-LAST)
  return outcome === 'diverged' || last.length === 0 ? 0 : last.reduce((sum, { accuracy }) => sum + accuracy, 0) / last.length
}

export const bestTrial = ({ trials }: Compared): Compared['trials'][number] | undefined => trials.toSorted((a, b) => b.last - a.last)[0]
