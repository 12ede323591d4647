// What `npm run bench -- training|kernels|memory` is asked for: options that do not go with each other are refused.
import { ConfigError } from '../../src/base/errors.ts'
import { nearest } from '../../src/base/registry.ts'
import { parseCommandLine } from '../command-line.ts'
import { isWasm, PEERS, type PeerName } from './messages.ts'
import { workloads } from './workloads.ts'

const BENCHES = ['training', 'kernels', 'memory'] as const
type BenchName = (typeof BENCHES)[number]

export interface Settings {
  readonly bench: BenchName
  readonly workloads: readonly string[]
  /** Of square products; none where they are not asked for. */
  readonly sizes: readonly number[]
  readonly peers: readonly PeerName[]
  readonly rounds: number
  readonly checkSteps: number
  /** Of a run whose memory is measured. */
  readonly steps: number
  readonly adapter: 'software' | 'hardware'
  readonly host: 'browser' | 'node'
  readonly json: string | undefined
  readonly again: boolean
}

/** Asks for square products where workloads are named. */
const MATMUL = 'matmul'

const WORKLOADS = workloads.map(({ name }) => name)
const STANDARD = workloads.filter(({ standard }) => standard).map(({ name }) => name)

/** What is measured where no workloads are named. */
const USUAL: Readonly<Record<BenchName, readonly string[]>> = { training: [...STANDARD, MATMUL], kernels: [...STANDARD, MATMUL], memory: ['fedavg-cnn'] }

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const OPTIONS = { workloads: text, peers: text, sizes: text, rounds: text, 'check-steps': text, steps: text, adapter: text, in: text, json: text, again: flag, help: flag } as const
type Option = keyof typeof OPTIONS

/** Options that not every benchmark has a use for. */
const ONLY_FOR: Partial<Record<Option, readonly BenchName[]>> = { peers: ['training', 'kernels'], sizes: ['training', 'kernels'], rounds: ['training', 'kernels'], 'check-steps': ['training'], steps: ['memory'] }

export const USAGE = `npm run bench -- training|kernels|memory [options]
  training: steps and square products, ours and each peer's in turns; kernels: the kernel calls of those steps one by one, and square
  products; memory: GPU bytes over many steps of one program, and buffers made after the first
  --workloads a,b   only these of ${WORKLOADS.join(', ')} and ${MATMUL}
                    (otherwise all but digits-cnn; memory: ${USUAL.memory.join()})
  --peers a,b       only against these of ${PEERS.join(', ')}: WGSL beside webgpu, WebAssembly beside wasm
  --sizes a,b       rows of the square products, 512,1024 by default
  --json FILE       adds the figures to the file; what it has already, with a control that holds, is not measured again
  --again           measures it again
  --rounds N        samples of each in turns, 5 by default, up to four times as many where the control (ours beside ours) is off
  --check-steps N   steps over which losses must agree, 20 by default (TensorFlow.js needs up to 35 s for one)
  --steps N         steps of the run whose memory is measured, 1000 by default
  --adapter A       software (default) or hardware
  --in HOST         a headless browser (default), or node: no browser, WebGPU by the npm package webgpu (not the wasm peer)

First steps are measured in a new browser that knows nothing ("cold"), and by a second runner made right after in the same worker ("with
caches"): the browser has kept what shaders it compiled, the tuner which rows the first began with, and nothing was tuned in between.`

/** Undefined where help is all that is wanted. `others` are benchmarks with options of their own, named where none is found. */
export function parseSettings(args: readonly string[], others: readonly string[] = []): Settings | undefined {
  const { values, positionals } = parseCommandLine({ args: [...args], allowPositionals: true, options: OPTIONS })
  if (values.help === true) return undefined
  const bench = checkBench(positionals, others)
  checkUse(bench, values)
  const { adapter = 'software', in: host = 'browser' } = values
  if (host !== 'browser' && host !== 'node') throw new ConfigError(`--in: must be browser or node, got "${host}". Name one of them.`)
  if (adapter !== 'software' && adapter !== 'hardware') throw new ConfigError(`--adapter: must be software or hardware, got "${adapter}". Name one of them.`)
  const names = values.workloads === undefined ? USUAL[bench] : checkNames('--workloads', values.workloads, bench === 'memory' ? WORKLOADS : [...WORKLOADS, MATMUL])
  const chosen = names.filter((name) => name !== MATMUL)
  const products = names.includes(MATMUL)
  checkUseless({ bench, steps: chosen.length > 0, products }, values)
  return {
    bench, adapter, host,
    workloads: chosen,
    sizes: products ? [...new Set((values.sizes ?? '512,1024').split(','))].map((size) => countOf('--sizes', size)) : [],
    peers: peersOf(values.peers, host),
    rounds: countOf('--rounds', values.rounds ?? '5'),
    checkSteps: countOf('--check-steps', values['check-steps'] ?? '20'),
    steps: countOf('--steps', values.steps ?? '1000', 2),
    json: values.json,
    again: values.again === true,
  }
}

type Values = Partial<Record<Option, string | boolean>>

function checkUse(bench: BenchName, values: Values): void {
  for (const [option, benches] of Object.entries(ONLY_FOR)) {
    if (values[option as Option] !== undefined && !benches.includes(bench)) throw new ConfigError(`--${option}: must go with ${benches.join(' or ')}, got ${bench}. Leave it out.`)
  }
}

/** Options whose part of the benchmark was left out by the workloads that were named. */
function checkUseless({ bench, steps, products }: { readonly bench: BenchName; readonly steps: boolean; readonly products: boolean }, values: Values): void {
  const ofProducts: readonly Option[] = bench === 'training' ? ['sizes'] : bench === 'kernels' ? ['sizes', 'peers', 'rounds'] : []
  const useless = [...(products ? [] : ofProducts), ...(steps ? [] : ['check-steps'] as const)].find((option) => values[option] !== undefined)
  if (useless !== undefined) throw new ConfigError(`--${useless}: must be of use for what is measured, got --workloads ${String(values.workloads)}. Leave it out, or name ${products ? 'a workload that takes steps' : MATMUL} too.`)
}

function peersOf(given: string | undefined, host: 'browser' | 'node'): readonly PeerName[] {
  if (given === undefined) return PEERS.filter((peer) => host === 'browser' || !isWasm(peer))
  const peers = checkNames('--peers', given, PEERS) as readonly PeerName[]
  if (host === 'node' && peers.some(isWasm)) throw new ConfigError('--peers: must be of WebGPU with --in node, got jaxjs-wasm, which needs a browser\'s workers. Leave it out.')
  return peers
}

function countOf(option: string, given: string, least = 1): number {
  const count = Number(given)
  if (!Number.isSafeInteger(count) || count < least) throw new ConfigError(`${option}: must be a whole number from ${least} on, got "${given}". Give such a one.`)
  return count
}

function checkBench([name, ...rest]: readonly string[], others: readonly string[]): BenchName {
  const known = [...BENCHES, ...others]
  const found = BENCHES.find((bench) => bench === name)
  if (found === undefined || rest.length > 0) throw new ConfigError(`bench: must be one of ${known.join(', ')}, got "${[name, ...rest].join(' ')}". ${name === undefined ? '--help tells of them.' : nearest(name, known)}`)
  return found
}

function checkNames(option: string, given: string, known: readonly string[]): readonly string[] {
  const names = [...new Set(given.split(','))]
  const wrong = names.find((name) => !known.includes(name))
  if (wrong !== undefined) throw new ConfigError(`${option}: must be among ${known.join(', ')}, got "${wrong}". ${nearest(wrong, known)}`)
  return names
}
