// `npm run bench -- federated`: FedAvg's rounds to 97% with the 2NN on MNIST against the published ones, and strategies side
// by side at an equal budget of examples, in the simulator. Each run is kept, so that all of it can be stopped and resumed.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../../src/base/errors.ts'
import { nearest } from '../../../src/base/registry.ts'
import { parseCommandLine } from '../../command-line.ts'
import { chart } from '../trials/chart.ts'
import { trialSurroundings, TRIAL_OPTIONS, TRIAL_USAGE } from '../trials/surroundings.ts'
import type { TrialSurroundings } from '../trials/trial.ts'
import { CELLS } from './cells.ts'
import { bestTrial, compare, CONTESTANTS, type Compared } from './compare.ts'
import { printCells, printCompared, summaryOf } from './report.ts'
import { tuneCell, type TunedCell } from './tune.ts'
import { EXPERIMENTS } from './experiments.ts'

const EXPERIMENT_NAMES = EXPERIMENTS.map(({ cell, variant }) => `${cell.name}-${variant.name}`)
const NAMES = [...CELLS.map(({ name }) => name), ...EXPERIMENT_NAMES, ...CONTESTANTS.map(({ name }) => name)]

export const FEDERATED_USAGE = `npm run bench -- federated [options]
  --cells a,b        of ${NAMES.join(', ')}; all where absent
${TRIAL_USAGE}
  --charts DIR       draw the curves there, as SVG`

export async function federated(args: readonly string[]): Promise<void> {
  const { values } = parseCommandLine({ args: [...args], options: { ...TRIAL_OPTIONS, cells: { type: 'string' }, charts: { type: 'string' } } })
  if (values.help) return console.log(FEDERATED_USAGE)
  const chosen = values.cells?.split(',') ?? NAMES
  const wrong = chosen.find((name) => !NAMES.includes(name))
  if (wrong !== undefined) throw new ConfigError(`--cells: must be among ${NAMES.join(', ')}, got "${wrong}". ${nearest(wrong, NAMES)}`)
  const surroundings = trialSurroundings('federated', values)
  const cells: TunedCell[] = [], compared: Compared[] = []
  for (const name of chosen) {
    const [tuned, contestant] = [await tune(name, surroundings), CONTESTANTS.find((each) => each.name === name)]
    if (tuned !== undefined) cells.push(tuned)
    if (contestant !== undefined) compared.push(await compare(contestant, surroundings))
    if (values.json !== undefined) write(values.json, `${JSON.stringify(summaryOf(cells, compared), null, 1)}\n`)
  }
  if (cells.length > 0) printCells(cells)
  if (compared.length > 0) printCompared(compared)
  if (values.charts !== undefined) draw(values.charts, cells, compared)
}

async function tune(name: string, surroundings: TrialSurroundings): Promise<TunedCell | undefined> {
  const cell = CELLS.find((each) => each.name === name)
  if (cell !== undefined) return tuneCell(cell, surroundings)
  const experiment = EXPERIMENTS[EXPERIMENT_NAMES.indexOf(name)]
  return experiment === undefined ? undefined : tuneCell(experiment.cell, surroundings, experiment.variant)
}

function draw(dir: string, cells: readonly TunedCell[], compared: readonly Compared[]): void {
  for (const { cell, variant, rates } of cells) {
    if (variant !== undefined) continue
    const lines = rates.toSorted((a, b) => a.learningRate - b.learningRate).map(({ learningRate, record }) => ({ name: `${learningRate}${record.outcome === 'diverged' ? ' diverges' : ''}`, points: record.curve }))
    write(join(dir, `${cell.name}.svg`), chart(lines, { title: `FedAvg, 2NN on MNIST, ${cell.title}: accuracy by learning rate`, x: 'rounds', from: 0.8, to: 1 }))
  }
  const best = compared.flatMap((each) => {
    const trial = bestTrial(each)
    return trial === undefined ? [] : [{ name: each.contestant.name, points: trial.record.curve }]
  })
  if (best.length > 0) write(join(dir, 'dirichlet.svg'), chart(best, { title: '2NN on MNIST, Dirichlet(0.1) among 100, 10 a round: test accuracy', x: 'rounds of 6,000 examples', from: 0.5, to: 1 }))
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
