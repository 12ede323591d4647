// `npm run bench -- learning`: trains models of the zoo by their own recipes until they have learned what is stated beforehand.
// What was trained is kept in --state, so that a long run can be stopped (Ctrl-C, --max-minutes) and resumed by the same command.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../../src/base/errors.ts'
import { parseCommandLine } from '../../command-line.ts'
import { printTable } from '../report.ts'
import { interruption } from '../trials/interruption.ts'
import { machine } from '../trials/machine.ts'
import { createDataFiles } from './data-files.ts'
import { mergedRecords, seedRecord, taskRecord, type SeedRecord, type TaskRecord } from './record.ts'
import { openRunner, RUNNERS, type RunnerName } from './runners.ts'
import type { Task } from './task.ts'
import { tasks } from './tasks/index.ts'
import { trainTask } from './train-task.ts'

export const LEARNING_USAGE = `npm run bench -- learning [options]
  --tasks a,b        of ${tasks.names().join(', ')}; all where absent
  --data-dir DIR     the folder of the data sets (or DATA_DIR)
  --runner NAME      ${RUNNERS.join(', ')}: where it computes (auto: whichever is fastest here)
  --state DIR        where runs are kept between stops (.commonweight/learning)
  --max-minutes N    stop then, to go on another time
  --json FILE        write the results, beside those of other tasks that the file has`

export async function learning(args: readonly string[]): Promise<void> {
  const { values } = parseCommandLine({
    args: [...args],
    options: {
      tasks: { type: 'string' }, 'data-dir': { type: 'string' }, runner: { type: 'string', default: 'auto' }, state: { type: 'string', default: '.commonweight/learning' },
      'max-minutes': { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(LEARNING_USAGE)
  const chosen = values.tasks === undefined ? tasks.entries().map(([, task]) => task) : values.tasks.split(',').map((name) => tasks.get(name))
  const runnerName = RUNNERS.find((name) => name === values.runner)
  if (runnerName === undefined) throw new ConfigError(`--runner: must be one of ${RUNNERS.join(', ')}, got "${values.runner}".`)
  const shouldStop = interruption(values['max-minutes'])
  mkdirSync(values.state, { recursive: true })
  const data = createDataFiles(values['data-dir'] ?? process.env['DATA_DIR'])
  const results: TaskRecord[] = []
  for (const task of chosen) {
    console.log(`\n${task.title}: ${task.target.metric} ${task.target.goal} ${task.target.value} (${task.target.from})`)
    results.push(await runTask(task, { data, runnerName, state: values.state, shouldStop }))
    if (values.json !== undefined) record(values.json, results)
  }
  printResults(results)
}

function record(file: string, results: readonly TaskRecord[]): void {
  const old = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { readonly results: readonly TaskRecord[] }).results : []
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ results: mergedRecords(old, results) }, null, 2)}\n`)
}

interface Surroundings {
  readonly data: ReturnType<typeof createDataFiles>
  readonly runnerName: RunnerName
  readonly state: string
  readonly shouldStop: () => boolean
}

async function runTask(task: Task, { data, runnerName, state, shouldStop }: Surroundings): Promise<TaskRecord> {
  const { target } = task
  const seeds: SeedRecord[] = []
  for (const seed of task.seeds) {
    if (shouldStop()) break
    const lesson = await task.prepare(data, seed)
    const log = (line: string): void => console.log(`  ${task.name}, seed ${seed}: ${line}`)
    const runner = await openRunner(runnerName, lesson, log)
    const progress = await trainTask({ lesson, target, seed, runner, path: join(state, `${task.name}-${seed}.safetensors`), shouldStop, log })
    runner.dispose()
    seeds.push(seedRecord(seed, target, progress))
  }
  return taskRecord(task, seeds, machine())
}

function printResults(results: readonly TaskRecord[]): void {
  console.log(`\nLearned on ${machine()}\n`)
  printTable(['task', 'metric', 'target', 'seeds', 'result', 'steps', 'training s', 'runner', ''], results.map(({ task, metric, target, seeds, mean, reached }) => [
    task, metric, `${target.goal} ${target.value}`, seeds.map(({ seed }) => seed).join(','), mean === null ? '-' : mean.toFixed(4), seeds.map(({ step }) => step).join(','),
    seeds.map(({ seconds }) => seconds.toFixed(0)).join(','), [...new Set(seeds.flatMap(({ adapters }) => adapters))].join(' + '),
    reached === null ? 'unfinished' : reached ? 'reached' : 'missed',
  ]))
}
