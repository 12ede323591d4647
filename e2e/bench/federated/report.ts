// Tables of federated runs, and what of them is kept in the repository.
import { printTable } from '../report.ts'
import type { TrialRecord } from '../trials/trial.ts'
import { bestTrial, COMPARED_ROUNDS, LAST, type Compared } from './compare.ts'
import type { TunedCell, TunedRate } from './tune.ts'

export function printCells(cells: readonly TunedCell[]): void {
  console.log('\nFedAvg, 2NN on MNIST: rounds to 97% of the test images, K=100, C=0.1, E=1\n')
  printTable(['cell', 'published', 'here', 'of published', 'rate', 'rates tried', ''], cells.map(({ cell, variant, best, rates, finished }) => [
    variant === undefined ? cell.title : `${cell.title}, ${variant.title}`, String(cell.published), best?.rounds?.toFixed(1) ?? '-', best?.rounds === undefined ? '-' : `${Math.round((100 * best.rounds) / cell.published)}%`,
    String(best?.learningRate ?? '-'), rates.toSorted((a, b) => a.learningRate - b.learningRate).map(describeRate).join(', '), finished ? '' : 'unfinished',
  ]))
}

/** ">40": given up after 40 rounds, as another rate had been faster. */
const describeRate = ({ learningRate, rounds, record }: TunedRate): string => `${learningRate}: ${rounds?.toFixed(1) ?? (record.outcome === 'diverged' ? 'diverged' : `>${record.rounds}`)}`

export function printCompared(compared: readonly Compared[]): void {
  console.log(`\n2NN on MNIST, Dirichlet(0.1) among 100, ten of them a round, ${COMPARED_ROUNDS} rounds of 6,000 examples on average: test accuracy, mean of the last ${LAST}\n`)
  printTable(['strategy', 'accuracy', 'best round', 'examples', 'tuned', 'tried', ''], compared.map((each) => {
    const best = bestTrial(each)
    return [
      each.contestant.name, percent(best?.last), percent(best === undefined ? undefined : Math.max(...best.record.curve.map(({ accuracy }) => accuracy))), String(best?.record.examples ?? '-'),
      `${each.contestant.tunes}: ${best?.value ?? '-'}`, each.trials.map(({ value, last }) => `${value}: ${percent(last)}`).join(', '), each.finished ? '' : 'unfinished',
    ]
  }))
}

const percent = (accuracy: number | undefined): string => (accuracy === undefined ? '-' : `${(100 * accuracy).toFixed(2)}%`)

export function summaryOf(cells: readonly TunedCell[], compared: readonly Compared[]): object {
  return {
    cells: cells.map(({ cell, variant, rates, best, finished }) => ({
      cell: cell.name, ...(variant === undefined ? {} : { variant: variant.name }), published: cell.published, rounds: rounded(best?.rounds), learningRate: best?.learningRate ?? null, finished,
      rates: rates.map(({ learningRate, rounds, record }) => ({ learningRate, rounds: rounded(rounds), ...compact(record) })),
    })),
    compared: compared.map((each) => ({
      strategy: each.contestant.name, tunes: each.contestant.tunes, finished: each.finished, value: bestTrial(each)?.value ?? null, accuracy: bestTrial(each)?.last ?? null,
      trials: each.trials.map(({ value, last, record }) => ({ value, accuracy: last, ...compact(record) })),
    })),
  }
}

/** A record with its curve as "round accuracy" pairs in one line. */
export const compact = ({ seed, outcome, rounds, examples, curve, machine, wallSeconds }: TrialRecord): object => ({
  seed, outcome, trained: rounds, examples, machine, wallSeconds, curve: curve.map(({ round, accuracy }) => `${round} ${accuracy}`).join(', '),
})

const rounded = (rounds: number | undefined): number | null => (rounds === undefined ? null : Math.round(rounds * 100) / 100)
