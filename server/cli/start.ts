// `commonweight start`: a coordinator that people watch and join, with a few headless volunteers of its own.
import { setTimeout as delay } from 'node:timers/promises'
import type { RunStatus } from '../../src/wire/dashboard.ts'
import type { RunHost } from '../run-host.ts'
import { findRun } from '../runs.ts'
import { nativeUnmasking } from '../serve.ts'
import { describeAddresses } from './addresses.ts'
import { coordinate, type NetworkOptions } from './coordinate.ts'
import { onInterrupt } from './interrupt.ts'
import { retentionOf, type KeepFlags } from './options.ts'
import { createProgress, describeStatus, type Progress } from './progress.ts'
import { bringVolunteers, type VolunteerKind } from './volunteers.ts'

export interface StartOptions extends NetworkOptions, KeepFlags {
  readonly run: readonly string[]
  readonly dataDir?: string
  readonly stateDir: string
  readonly volunteers: number
  readonly runner: VolunteerKind
  readonly seed?: number
  readonly fresh: boolean
}

const REDRAW_MS = 250

/** Resolves when the person has ended it. */
export async function start(options: StartOptions): Promise<void> {
  const progress = createProgress(process.stdout)
  const { say } = progress
  const configs = await Promise.all(options.run.map(findRun))
  const seeded = options.seed === undefined ? configs : configs.map((config) => ({ ...config, seed: options.seed as number }))
  const ended = new Promise<void>((resolve) => onInterrupt(() => {
    say('Ending … (Ctrl-C again ends at once)')
    resolve()
  }))
  const coordination = await coordinate({ configs: seeded, dataDir: options.dataDir, stateDir: options.stateDir, fresh: options.fresh, network: options, retention: retentionOf(options), say })
  const { runs, served, host, controlToken, certificate } = coordination
  for (const { runId, config } of runs) say(`\n${config.name}: ${config.title}${coordination.resumed.has(runId) ? ' (going on where it was)' : ''}`)
  say(`\n${describeAddresses({ ...served, host, controlToken, trustProxy: options.trustProxy, ...(certificate === undefined ? {} : { certificate }) })}\n`)
  if (!nativeUnmasking()) say('The native part of bufferutil does not load here, so updates of volunteers arrive slower.')
  const volunteers = bringVolunteers({ coordination, count: options.volunteers, runner: options.runner, stateDir: options.stateDir, say, onHopeless: (message) => say(`No volunteers of our own: ${message}`) })
  await Promise.race([ended, showProgress(runs, progress, () => volunteers.close())])
  await volunteers.close()
  const finished = runs.every((run) => run.status().state === 'finished')
  await coordination.close()
  progress.end()
  console.log(finished ? 'Ended. The run is finished; npm start -- --fresh begins anew.' : 'Ended. npm start goes on from here.')
}

/** Never resolves. Shows the runs in turn, and says once when all are finished. */
async function showProgress(runs: readonly RunHost[], progress: Progress, onFinished: () => Promise<void>): Promise<void> {
  let finished = false
  for (let tick = 0; ; tick++) {
    const shown = runs[Math.floor(tick / 12) % runs.length]
    if (shown !== undefined) progress.update(describeStatus(shown.status()))
    if (!finished && runs.every((run) => run.status().state === 'finished')) {
      finished = true
      for (const run of runs) progress.say(describeEnd(run.status()))
      // Their work is done; the pages stay, for whoever wants to look or to take the model along.
      await onFinished()
    }
    await delay(REDRAW_MS)
  }
}

function describeEnd({ runId, evaluation, examples, modelVersion }: RunStatus): string {
  const result = evaluation === undefined ? '' : `, accuracy ${(evaluation.accuracy * 100).toFixed(2)}%`
  return `\n${runId} is finished: ${modelVersion} versions from ${examples.toLocaleString('en')} examples${result}.\nThe dashboard goes on showing it and offers the model for download. Ctrl-C ends; npm start -- --fresh begins anew.\n`
}
