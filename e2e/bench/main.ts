// `npm run bench -- training|kernels [options]`: measures in workers of a headless Chromium, or in Node, and prints tables
// (`npm run bench -- learning`, `federated`, `robust`, `async` and `server` are in main.ts of those folders).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../src/base/errors.ts'
import { nearest } from '../../src/base/registry.ts'
import { parseCommandLine } from '../command-line.ts'
import { asynchrony } from './async/main.ts'
import { openBenchPages } from './browser.ts'
import { playRole } from './child.ts'
import { federated } from './federated/main.ts'
import { learning } from './learning/main.ts'
import { isWasm, PEERS, type BenchHost, type PeerName, type Results } from './messages.ts'
import { measure, openNodeHost } from './node.ts'
import { robust } from './robust/main.ts'
import { printKernels, printMatmul, printTraining } from './report.ts'
import { extended, NO_RESULTS } from './results.ts'
import { server, serverRoles } from './server/main.ts'
import { workloads } from './workloads.ts'

/** What a process that a benchmark has started does. */
export const child = (role: string, options: object): Promise<void> => playRole({ ...serverRoles, measure }, role, options)

/** Benchmarks that need no browser. */
const ELSEWHERE: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = { learning, federated, robust, async: asynchrony, server }

const USAGE = `npm run bench -- training|kernels [options]
  --workloads a,b   only these of ${workloads.map(({ name }) => name).join(', ')} (training: all standard ones otherwise)
  --peers a,b       only against these of ${PEERS.join(', ')}
  --json FILE       adds the figures to the file; pairs of workload and peer that it has already are not measured again
  --again           measures them again
  --rounds N        interleaved repetitions, 5 by default
  --check-steps N   steps over which losses must agree, 20 by default (TensorFlow.js needs up to 35 s for one)
  --adapter A       software (default) or hardware
  --in HOST         a headless browser (default), or node: no browser, WebGPU by the npm package webgpu (not the wasm peer)

npm run bench -- ${Object.keys(ELSEWHERE).join('|')} --help tells of the others`

const BENCHES = ['training', 'kernels'] as const
type BenchName = (typeof BENCHES)[number]

export async function main(args: readonly string[]): Promise<void> {
  try {
    await (ELSEWHERE[args[0] ?? '']?.(args.slice(1)) ?? run(args))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exitCode = 2
  }
}

interface Settings {
  readonly bench: BenchName
  readonly workloads: readonly string[]
  readonly peers: readonly PeerName[]
  readonly rounds: number
  readonly checkSteps: number
  readonly adapter: 'software' | 'hardware'
  readonly host: 'browser' | 'node'
  readonly json: string | undefined
  readonly again: boolean
}

/** Undefined where help is all that is wanted. */
function parseSettings(args: readonly string[]): Settings | undefined {
  const { values, positionals } = parseCommandLine({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'string' }, workloads: { type: 'string' }, peers: { type: 'string' }, again: { type: 'boolean', default: false },
      adapter: { type: 'string', default: 'software' }, in: { type: 'string', default: 'browser' }, rounds: { type: 'string', default: '5' }, help: { type: 'boolean', default: false }, 'check-steps': { type: 'string', default: '20' },
    },
  })
  if (values.help) return undefined
  const { adapter, in: host } = values
  if (host !== 'browser' && host !== 'node') throw new ConfigError(`--in: must be browser or node, got "${host}". Name one of them.`)
  const peers = values.peers === undefined ? PEERS.filter((peer) => host === 'browser' || !isWasm(peer)) : checkNames('--peers', values.peers, PEERS) as readonly PeerName[]
  if (host === 'node' && peers.some(isWasm)) throw new ConfigError('--peers: must be of WebGPU with --in node, got jaxjs-wasm, which needs a browser\'s workers. Leave it out.')
  if (adapter !== 'software' && adapter !== 'hardware') throw new ConfigError(`--adapter: must be software or hardware, got "${adapter}". Name one of them.`)
  return {
    bench: checkBench(positionals),
    workloads: values.workloads === undefined ? workloads.filter(({ standard }) => standard).map(({ name }) => name) : checkNames('--workloads', values.workloads, workloads.map(({ name }) => name)),
    peers, rounds: countOf('--rounds', values.rounds), checkSteps: countOf('--check-steps', values['check-steps']), adapter, host, json: values.json, again: values.again,
  }
}

function countOf(option: string, given: string): number {
  const count = Number(given)
  if (!Number.isSafeInteger(count) || count < 1) throw new ConfigError(`${option}: must be a whole number from 1 on, got "${given}".`)
  return count
}

async function run(args: readonly string[]): Promise<void> {
  const settings = parseSettings(args)
  if (settings === undefined) return console.log(USAGE)
  const { json } = settings, where = `${settings.host}, ${settings.adapter}`
  let results: Results = json !== undefined && existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) as Results : NO_RESULTS
  if (results.where !== undefined && results.where !== where) throw new ConfigError(`--json: must hold figures of one host and adapter, got ${json!} of ${results.where} for ${where}. Name another file.`)
  const add = (more: Partial<Results>): void => {
    results = extended(results, { ...more, where })
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`)
  }
  if (json !== undefined) mkdirSync(dirname(json), { recursive: true })
  const host = settings.host === 'node' ? openNodeHost(settings.adapter) : await openBenchPages(settings.adapter)
  try {
    const failures = settings.bench === 'training' ? await measureTraining(host, settings, results, add) : await measureKernels(host, settings, add)
    if (settings.bench === 'training') printTraining(results)
    else printKernels(results)
    printMatmul(results)
    for (const failure of failures) console.error(failure)
    if (failures.length > 0) process.exitCode = 1
  } finally {
    host.close()
  }
}

type Add = (more: Partial<Results>) => void

/** One failed pair does not cost the others. */
async function measureTraining(host: BenchHost, { workloads: names, peers, rounds, checkSteps, again }: Settings, known: Results, add: Add): Promise<readonly string[]> {
  const failures: string[] = []
  const pairs = names.flatMap((workload) => peers.map((peer) => ({ workload, peer })))
    .filter(({ workload, peer }) => again || !known.workloads.some((row) => row.name === workload && row.peer === peer))
  for (const [i, { workload, peer }] of pairs.entries()) {
    console.log(`[${i + 1}/${pairs.length}]`)
    try {
      const { adapter, row } = await host.run('training', { workload, peer, rounds, checkSteps })
      add({ adapter, workloads: [row] })
    } catch (error) {
      failures.push(`${workload} against ${peer}: ${(error as Error).message}`)
      console.error(failures.at(-1))
    }
  }
  return failures
}

async function measureKernels(host: BenchHost, { workloads: names, peers }: Settings, add: Add): Promise<readonly string[]> {
  for (const peer of peers) add({ matmul: await host.run('matmul', { peer }) })
  const { adapter, kernels } = await host.run('kernels', { workloads: names })
  add({ adapter, kernels })
  return []
}

function checkBench([name, ...rest]: readonly string[]): BenchName {
  const known = [...BENCHES, ...Object.keys(ELSEWHERE)]
  const found = BENCHES.find((bench) => bench === name)
  if (found === undefined || rest.length > 0) throw new ConfigError(`bench: must be one of ${known.join(', ')}, got "${[name, ...rest].join(' ')}". ${name === undefined ? '--help tells of them.' : nearest(name, known)}`)
  return found
}

function checkNames(option: string, given: string, known: readonly string[]): readonly string[] {
  const names = given.split(',')
  const wrong = names.find((name) => !known.includes(name))
  if (wrong !== undefined) throw new ConfigError(`${option}: must be among ${known.join(', ')}, got "${wrong}". ${nearest(wrong, known)}`)
  return names
}
