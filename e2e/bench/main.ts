// `npm run bench -- training|kernels|memory [options]`: measures in workers of a headless Chromium, or in Node, and prints tables
// (`npm run bench -- learning`, `federated`, `robust`, `async` and `server` are in main.ts of those folders).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../src/base/errors.ts'
import { asynchrony } from './async/main.ts'
import { openBenchPages } from './browser.ts'
import { playRole } from './child.ts'
import { federated } from './federated/main.ts'
import { learning } from './learning/main.ts'
import { piecesOf, type Piece } from './measure.ts'
import type { Results } from './messages.ts'
import { measure, openNodeHost } from './node.ts'
import { robust } from './robust/main.ts'
import { kernelsReport, matmulReport, memoryFaults, memoryReport, trainingReport } from './report.ts'
import { extended, NO_RESULTS } from './results.ts'
import { server, serverRoles } from './server/main.ts'
import { parseSettings, USAGE, type Settings } from './settings.ts'

/** What a process that a benchmark has started does. */
export const child = (role: string, options: object): Promise<void> => playRole({ ...serverRoles, measure }, role, options)

/** Benchmarks that need no browser. */
const ELSEWHERE: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = { learning, federated, robust, async: asynchrony, server }

export async function main(args: readonly string[]): Promise<void> {
  try {
    await (ELSEWHERE[args[0] ?? '']?.(args.slice(1)) ?? run(args))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exitCode = 2
  }
}

async function run(args: readonly string[]): Promise<void> {
  const settings = parseSettings(args, Object.keys(ELSEWHERE))
  if (settings === undefined) return console.log(`${USAGE}\n\nnpm run bench -- ${Object.keys(ELSEWHERE).join('|')} --help tells of the others`)
  const { json } = settings, where = `${settings.host}, ${settings.adapter}`
  let results = extended(NO_RESULTS, json !== undefined && existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) as Partial<Results> : {})
  if (results.where !== undefined && results.where !== where) throw new ConfigError(`--json: must hold figures of one host and adapter, got ${json!} of ${results.where} for ${where}. Name another file.`)
  if (json !== undefined) mkdirSync(dirname(json), { recursive: true })
  const failures = await measureAll(settings, piecesOf(settings, results), (more) => {
    results = extended(results, { ...more, where })
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`)
  })
  for (const report of reportsOf(settings, results)) console.log(`\n${report}`)
  const faults = settings.bench === 'memory' ? memoryFaults(results) : []
  for (const line of [...failures, ...faults]) console.error(line)
  if (failures.length > 0 || faults.length > 0) process.exitCode = 1
}

/** One piece that fails does not cost the others. */
async function measureAll({ host: name, adapter }: Settings, pieces: readonly Piece[], add: (more: Partial<Results>) => void): Promise<readonly string[]> {
  if (pieces.length === 0) return []
  const failures: string[] = []
  const host = name === 'node' ? openNodeHost(adapter) : await openBenchPages(adapter)
  try {
    for (const [i, { title, measure: measurePiece }] of pieces.entries()) {
      console.log(`[${i + 1}/${pieces.length}] ${title}`)
      try {
        add(await measurePiece(host))
      } catch (error) {
        failures.push(`${title}: ${(error as Error).message}`)
        console.error(failures.at(-1))
      }
    }
  } finally {
    host.close()
  }
  return failures
}

function reportsOf({ bench }: Settings, results: Results): readonly string[] {
  if (bench === 'memory') return [memoryReport(results)]
  return [bench === 'training' ? trainingReport(results) : kernelsReport(results), matmulReport(results)].filter((report) => report !== '')
}
