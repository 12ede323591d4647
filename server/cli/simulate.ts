// `commonweight simulate`: a run with simulated volunteers in virtual time, its report and its curves.
import { writeFile } from 'node:fs/promises'
import { ConfigError } from '../../src/base/errors.ts'
import { nearest } from '../../src/base/registry.ts'
import { resolveAttack } from '../../src/fed/attacks.ts'
import { partitioners } from '../../src/data/partition/index.ts'
import type { PartitionChoice } from '../../src/data/partition/partition.ts'
import type { RunStatus } from '../../src/wire/dashboard.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import { loadShards } from '../datasets.ts'
import { findRun } from '../runs.ts'
import { describeReport, drawChart } from '../simulate/chart.ts'
import type { SimulationReport } from '../simulate/report.ts'
import { simulate, type SimulateOptions } from '../simulate/simulate.ts'
import type { World } from '../simulate/world.ts'
import { onInterrupt } from './interrupt.ts'
import { plot } from './plot.ts'
import { createProgress } from './progress.ts'
import { parseStopCondition, type StopCondition } from './stop-condition.ts'

export interface SimulateFlags extends World {
  readonly run: string
  readonly dataDir?: string
  readonly volunteers: number
  readonly seed: number
  readonly partition?: string
  readonly stop?: string
  readonly maxHours?: number
  readonly evaluate?: 'rounds' | 'leases'
  readonly attack?: string
  readonly attackers?: number
  readonly report?: string
  readonly chart?: string
  readonly saveTo?: string
}

/** True where the run came to what it was started for. */
export async function runSimulation(flags: SimulateFlags): Promise<boolean> {
  const stop = flags.stop === undefined ? undefined : parseStopCondition(flags.stop)
  const config = divided({ ...await findRun(flags.run), seed: flags.seed }, flags.partition)
  const attack = attackOf(flags)
  const dataset = await loadShards(config, flags.dataDir)
  const progress = createProgress(process.stdout)
  const interrupted = new AbortController()
  onInterrupt(() => interrupted.abort())
  progress.say(`${config.title}: ${flags.volunteers} simulated volunteers, seed ${flags.seed}`)
  if (config.storage === 'f16') progress.say('It stores activations as f16 on GPUs that have it (shader-f16). Simulated volunteers compute by WebAssembly, in f32.')
  const { examplesPerSecond, speedSpread, uploadMbps, downloadMbps, bandwidthSpread, latencyMs, dropout, dropoutSpread, awaySeconds } = flags
  const report = await simulate({
    config, dataset, volunteers: flags.volunteers, seed: flags.seed, signal: interrupted.signal,
    world: { examplesPerSecond, speedSpread, uploadMbps, downloadMbps, bandwidthSpread, latencyMs, dropout, dropoutSpread, awaySeconds },
    ...(flags.evaluate === undefined ? {} : { evaluation: flags.evaluate === 'leases' ? 'leased' : { everyVersions: 1 } }),
    ...(flags.maxHours === undefined ? {} : { maxVirtualSeconds: flags.maxHours * 3600 }),
    ...(stop === undefined ? {} : { stop: (status) => stop.isMet(status) }),
    ...(attack === undefined ? {} : { attack }),
    ...(flags.saveTo === undefined ? {} : { saveTo: flags.saveTo }),
    onProgress: (status, virtualSeconds) => progress.update(describeMoment(status, virtualSeconds)),
  })
  progress.end()
  await writeFiles(report, flags)
  console.log(`\n${describeEnd(report, stop)}`)
  return report.outcome === 'met' || (report.outcome === 'finished' && stop === undefined)
}

/** The run with its data divided as asked. */
function divided(config: RunConfig, flag: string | undefined): RunConfig {
  if (flag === undefined) return config
  const { partition, strategy } = config
  if (partition === undefined) throw new ConfigError(`--partition: must go with a run that divides its data, got run "${config.name}", whose strategy.work is "${strategy.work ?? 'examples'}". Choose another run, mnist-mlp-fedavg for example.`)
  return { ...config, partition: { ...partition, by: parsePartition(flag) } }
}

/** The option that a number after the name is. */
const PARTITION_OPTION: Readonly<Record<string, string>> = { 'dirichlet': 'alpha', 'label-shards': 'shardsPerVolunteer', 'label-order': 'fair', 'by-size': 'exponent' }

export function parsePartition(text: string): PartitionChoice {
  const [name = '', value, ...rest] = text.split(':')
  const names = partitioners.names()
  if (!names.includes(name)) throw new ConfigError(`--partition: must be one of ${names.join(', ')}, got "${name}". ${nearest(name, names)}`)
  if (value === undefined) return name
  const option = PARTITION_OPTION[name], number = Number(value)
  if (option === undefined || rest.length > 0 || value.trim() === '' || !Number.isFinite(number)) {
    throw new ConfigError(`--partition: must be a name, or a name with a number where it takes one (${Object.entries(PARTITION_OPTION).map(([each, key]) => `${each}:${key.toUpperCase()}`).join(', ')}), got "${text}".`)
  }
  return { name, [option]: number }
}

function attackOf({ attack, attackers, volunteers }: SimulateFlags): SimulateOptions['attack'] {
  if (attackers !== undefined && attackers >= volunteers) throw new ConfigError(`--attackers: must be fewer than the ${volunteers} volunteers, got ${attackers}.`)
  if ((attack === undefined) !== (attackers === undefined)) throw new ConfigError(`--attack and --attackers: must be given together, got only ${attack === undefined ? '--attackers' : '--attack'}.`)
  return attack === undefined || attackers === undefined ? undefined : { attack: resolveAttack(attack), attackers }
}

function describeMoment({ modelVersion, examples, evaluation, volunteers }: RunStatus, virtualSeconds: number): string {
  const here = volunteers.filter(({ connected }) => connected).length
  return [
    `${Math.round(virtualSeconds).toLocaleString('en')} virtual s`, `version ${modelVersion}`, `${examples.toLocaleString('en')} examples`, `${here} volunteer${here === 1 ? '' : 's'} here`,
    ...(evaluation === undefined ? [] : [`accuracy ${(evaluation.accuracy * 100).toFixed(2)}%`, `loss ${evaluation.loss.toFixed(4)}`]),
  ].join('  ')
}

async function writeFiles(report: SimulationReport, flags: SimulateFlags): Promise<void> {
  const chart = flags.chart ?? flags.report?.replace(/(\.json)?$/, '.svg')
  if (flags.report !== undefined) await writeFile(flags.report, `${JSON.stringify(report, undefined, 2)}\n`)
  if (chart !== undefined) await writeFile(chart, drawChart(report))
}

function describeEnd(report: SimulationReport, stop: StopCondition | undefined): string {
  const { outcome, reason, curve, wallSeconds } = report
  const missed = stop === undefined ? '' : `, and ${stop.text} was not reached`
  const end = {
    met: `${stop?.text} was reached.`, finished: `The run is finished${missed}.`, 'too-late': `The virtual time is over${missed}.`, interrupted: `Interrupted${missed}.`,
    diverged: `Training has diverged: ${reason}`,
  }[outcome]
  const drawn = plot({ points: curve.map(({ virtualSeconds, accuracy }) => ({ x: virtualSeconds, y: accuracy })), formatX: (value) => `${Math.round(value).toLocaleString('en')} s`, formatY: (value) => `${(value * 100).toFixed(1)}%` })
  return [...drawn, ...(drawn.length > 0 ? [''] : []), describeReport(report), `${end} It took ${wallSeconds.toFixed(1)} s.`].join('\n')
}
