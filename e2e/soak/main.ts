// `npm run soak`: real tabs in real trouble, and a coordinator killed with -9, for each kind of run.
import { writeFileSync } from 'node:fs'
import { ConfigError } from '../../src/base/errors.ts'
import { createRegistry } from '../../src/base/registry.ts'
import { onInterrupt } from '../../server/cli/interrupt.ts'
import { parseCommandLine } from '../command-line.ts'
import { endAll } from '../harness.ts'
import { printSoaks } from './report.ts'
import { soakRuns, type SoakRun } from './runs.ts'
import { soak, type SoakResult } from './soak.ts'

const USAGE = `npm run soak -- [options]
  --minutes N      of trouble, shared by the runs; 20 by default
  --run a,b        only these of ${soakRuns.map(({ name }) => name).join(', ')}
  --volunteers N   tabs, 6 by default
  --seed N         chooses the troubles and their times; 1 by default
  --json FILE      leaves the figures there`

interface Settings {
  readonly minutes: number
  readonly runs: readonly SoakRun[]
  readonly volunteers: number
  readonly seed: number
  readonly json: string | undefined
}

export async function main(args: readonly string[]): Promise<void> {
  onInterrupt(() => void endAll().then(() => process.exit(130)))
  try {
    const settings = parseSettings(args)
    if (settings === undefined) return console.log(USAGE)
    process.exitCode = await soakAll(settings) ? 0 : 1
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exitCode = 2
  } finally {
    await endAll()
  }
}

/** True where every run came through. */
async function soakAll({ minutes, runs, volunteers, seed, json }: Settings): Promise<boolean> {
  const results: SoakResult[] = []
  for (const run of runs) results.push(await soak({ run, seconds: (minutes * 60) / runs.length, volunteers, seed, onProgress: (line) => console.log(line) }))
  printSoaks(results)
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`)
  return results.every(({ failures }) => failures.length === 0)
}

/** Undefined where help is all that is wanted. */
function parseSettings(args: readonly string[]): Settings | undefined {
  const { values } = parseCommandLine({ args: [...args], options: { minutes: { type: 'string', default: '20' }, run: { type: 'string' }, volunteers: { type: 'string', default: '6' }, seed: { type: 'string', default: '1' }, json: { type: 'string' }, help: { type: 'boolean', default: false } } })
  if (values.help) return undefined
  const registry = createRegistry<SoakRun>('run', soakRuns)
  return {
    minutes: positive('--minutes', values.minutes), volunteers: Math.ceil(positive('--volunteers', values.volunteers)), seed: Math.floor(positive('--seed', values.seed)), json: values.json,
    runs: values.run === undefined ? soakRuns : values.run.split(',').map((name) => registry.get(name)),
  }
}

function positive(flag: string, text: string): number {
  const value = Number(text)
  if (!(value > 0 && Number.isFinite(value))) throw new ConfigError(`${flag}: must be a number above 0, got "${text}".`)
  return value
}
