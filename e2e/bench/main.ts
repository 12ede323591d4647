// `npm run bench -- training|kernels [--json FILE] [--workloads a,b] [--adapter software|hardware]`: measures in one worker
// of a headless Chromium and prints a table; the JSON holds the same figures.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ConfigError } from '../../src/base/errors.ts'
import { nearest } from '../../src/base/registry.ts'
import { openBenchPage } from './browser.ts'
import { printKernels, printTraining } from './report.ts'
import { workloads } from './workloads.ts'

const BENCHES = ['training', 'kernels'] as const
type BenchName = (typeof BENCHES)[number]

export async function main(args: readonly string[]): Promise<void> {
  try {
    await run(args)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exitCode = 2
  }
}

async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'string' }, workloads: { type: 'string' }, adapter: { type: 'string', default: 'software' }, rounds: { type: 'string', default: '5' } },
  })
  const bench = checkName(positionals)
  const names = values.workloads === undefined ? workloads.filter(({ standard }) => standard).map(({ name }) => name) : checkWorkloads(values.workloads.split(','))
  if (values.adapter !== 'software' && values.adapter !== 'hardware') throw new ConfigError(`--adapter: must be software or hardware, got "${values.adapter}".`)
  const page = await openBenchPage(values.adapter)
  try {
    const report = await page.run(bench, { workloads: names, rounds: Number(values.rounds) })
    if (report.kind === 'training') printTraining(report)
    else printKernels(report)
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await page.close()
  }
}

function checkName([name, ...rest]: readonly string[]): BenchName {
  const found = BENCHES.find((bench) => bench === name)
  if (found === undefined || rest.length > 0) throw new ConfigError(`bench: must be one of ${BENCHES.join(', ')}, got "${[name, ...rest].join(' ')}". ${nearest(name ?? '', BENCHES)}`)
  return found
}

function checkWorkloads(names: readonly string[]): readonly string[] {
  const known = workloads.map(({ name }) => name)
  const wrong = names.find((name) => !known.includes(name))
  if (wrong !== undefined) throw new ConfigError(`--workloads: must be among ${known.join(', ')}, got "${wrong}". ${nearest(wrong, known)}`)
  return names
}
