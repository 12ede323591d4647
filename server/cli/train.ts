// `commonweight train`: a headless run from start to target, the same path as a person's, with a report at the end.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError } from '../../src/base/errors.ts'
import { modelToSafetensors } from '../../src/codec/safetensors.ts'
import type { CurvePoint, RunStatus } from '../../src/wire/dashboard.ts'
import type { RunHost } from '../run-host.ts'
import { findRun } from '../runs.ts'
import { coordinate, type Coordination, type NetworkOptions } from './coordinate.ts'
import { onInterrupt } from './interrupt.ts'
import { retentionOf, type KeepFlags } from './options.ts'
import { createProgress, describeStatus, type Progress } from './progress.ts'
import { createReport } from './report.ts'
import { parseStopCondition, type StopCondition } from './stop-condition.ts'
import { bringVolunteers, type VolunteerKind } from './volunteers.ts'

export interface TrainOptions extends NetworkOptions, KeepFlags {
  readonly run: string
  readonly dataDir?: string
  /** A temporary folder, deleted afterwards, where absent. */
  readonly stateDir?: string
  readonly volunteers: number
  readonly runner: VolunteerKind
  readonly seed?: number
  readonly stop?: string
  readonly maxMinutes?: number
  readonly report?: string
  readonly out?: string
  readonly fresh: boolean
}

const CHECK_MS = 100

type Model = Awaited<ReturnType<RunHost['currentModel']>>
type Outcome = 'met' | 'finished' | 'too-late' | 'stopped' | 'interrupted'

/** True where the run has what it was started for. */
export async function train(options: TrainOptions): Promise<boolean> {
  const startedMs = performance.now()
  const stop = options.stop === undefined ? undefined : parseStopCondition(options.stop)
  const config = await findRun(options.run)
  const stateDir = options.stateDir ?? await mkdtemp(join(tmpdir(), 'commonweight-'))
  const progress = createProgress(process.stdout)
  const interrupted = new AbortController()
  onInterrupt(() => interrupted.abort())
  try {
    const configs = [options.seed === undefined ? config : { ...config, seed: options.seed }]
    const coordination = await coordinate({ configs, dataDir: options.dataDir, stateDir, fresh: options.fresh, network: options, retention: retentionOf(options), say: progress.say })
    try {
      const host = coordination.runs[0] as RunHost
      progress.say(`${config.title}\nWatch it at ${coordination.url}/dashboard#token=${coordination.controlToken}`)
      const deadlineMs = options.maxMinutes === undefined ? Infinity : startedMs + options.maxMinutes * 60_000
      const { outcome, ...end } = await runUntil({ ...options, stateDir, coordination, host, progress, stop, deadlineMs, signal: interrupted.signal })
      const wallSeconds = (end.endedMs - startedMs) / 1000
      progress.update(describeStatus(end.status))
      progress.end()
      if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(createReport({ run: config.name, ...end, wallSeconds }), undefined, 2)}\n`)
      if (options.out !== undefined) await writeModel(options.out, config.name, host, end.model)
      console.log(describeOutcome(outcome, stop, wallSeconds))
      return outcome === 'met' || (outcome === 'finished' && stop === undefined)
    } finally {
      await coordination.close()
    }
  } finally {
    progress.end()
    if (options.stateDir === undefined) await rm(stateDir, { recursive: true, force: true })
  }
}

interface Watch {
  readonly coordination: Coordination
  readonly host: RunHost
  readonly progress: Progress
  readonly stateDir: string
  readonly volunteers: number
  readonly runner: VolunteerKind
  readonly stop: StopCondition | undefined
  readonly deadlineMs: number
  readonly signal: AbortSignal
}

/** The run as it was when it ended: volunteers may still be adding to it. */
interface End {
  readonly outcome: Outcome
  readonly endedMs: number
  readonly status: RunStatus
  readonly curve: readonly CurvePoint[]
  readonly model: Model
}

/** Throws ConfigError where the volunteers cannot work on this machine. */
async function runUntil(watch: Watch): Promise<End> {
  const { coordination, host, progress, stateDir } = watch
  let hopeless: string | undefined
  const volunteers = bringVolunteers({ coordination, count: watch.volunteers, runner: watch.runner, stateDir, say: progress.say, onHopeless: (message) => { hopeless = message } })
  try {
    for (;;) {
      const status = host.status()
      progress.update(describeStatus(status))
      const outcome = outcomeOf(status, watch)
      if (outcome !== undefined) return { outcome, endedMs: performance.now(), status, curve: host.curve(), model: await host.currentModel() }
      if (hopeless !== undefined) throw new ConfigError(hopeless)
      await delay(CHECK_MS)
    }
  } finally {
    await volunteers.close()
  }
}

function outcomeOf(status: RunStatus, { stop, signal, deadlineMs }: Watch): Outcome | undefined {
  if (stop?.isMet(status) === true) return 'met'
  if (status.state === 'finished') return 'finished'
  if (status.state === 'stopped') return 'stopped'
  if (signal.aborted) return 'interrupted'
  return performance.now() >= deadlineMs ? 'too-late' : undefined
}

async function writeModel(path: string, run: string, host: RunHost, { version, layout, params }: Model): Promise<void> {
  await writeFile(path, modelToSafetensors(layout, params, { run, model: host.model.name, modelVersion: String(version) }))
}

function describeOutcome(outcome: Outcome, stop: StopCondition | undefined, wallSeconds: number): string {
  const after = `after ${wallSeconds.toFixed(1)} s`
  const missed = stop === undefined ? '' : `, and ${stop.text} was not reached`
  switch (outcome) {
    case 'met': return `${stop?.text} was reached ${after}.`
    case 'finished': return `The run is finished ${after}${missed}.`
    case 'too-late': return `The time is over ${after}${missed}.`
    case 'stopped': return `The run was stopped from the dashboard ${after}${missed}.`
    case 'interrupted': return `Interrupted ${after}${missed}.`
  }
}
