// One soak: a run, its tabs in trouble, its coordinator killed with -9 twice. Then calm, in which it must reach its
// target and every tab must be of use; and the log, which must prove that all that any tab was told is there.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createRng } from '../../src/base/rng.ts'
import { logFolder } from '../../server/cli/stored-run.ts'
import { verifyLog, type LogReport } from '../../server/coordinator/verify-log.ts'
import { eventually, temporaryFolder, writeRun } from '../harness.ts'
import { followRun, type Followed } from './follow.ts'
import { startKillable, type Killable } from './killable.ts'
import { describeProgress } from './report.ts'
import type { SoakRun } from './runs.ts'
import { Tab } from './tab.ts'
import { troubleTab, TROUBLES, type Trouble } from './troubles.ts'

export interface SoakOptions {
  readonly run: SoakRun
  /** Instead of the run's own, where there is less time. */
  readonly target?: number
  /** Of trouble. */
  readonly seconds: number
  readonly volunteers: number
  readonly seed: number
  readonly onProgress: (line: string) => void
}

export interface SoakResult {
  readonly run: string
  readonly seed: number
  readonly volunteers: number
  /** On the clock of the wall, start to end. */
  readonly seconds: number
  readonly target: number
  readonly bestAccuracy: number
  readonly reachedSeconds: number | null
  readonly troubles: Readonly<Record<Trouble, number>>
  /** For each kill of the coordinator: from its next start to the next version. */
  readonly recoverySeconds: readonly number[]
  readonly expired: number
  readonly refused: Readonly<Record<string, number>>
  readonly bytesUp: number
  /** Examples that tabs were seen to be told of. */
  readonly acknowledged: number
  readonly log: LogReport
  /** Empty where all went well. */
  readonly failures: readonly string[]
}

const KILLS = 2
/** Everything undisturbed comes true within this time. */
const CALM_MS = 240_000
/** Longest mean time between the troubles of a tab. */
const MAX_PACE_MS = 10_000
const PROGRESS_MS = 10_000
const MAX_DOWN_MS = 3_000

/** Ends its tabs and its coordinator where all went well; the harness's `endAll` does in any case. */
export async function soak({ run, target = run.target, seconds, volunteers, seed, onProgress }: SoakOptions): Promise<SoakResult> {
  const folder = temporaryFolder(), stateDir = join(folder, 'state')
  const beganMs = performance.now(), sinceSeconds = (): number => (performance.now() - beganMs) / 1000
  const failures = new Set<string>()
  const troubles = Object.fromEntries(TROUBLES.map((trouble) => [trouble, 0])) as Record<Trouble, number>
  const killable = await startKillable({ run: writeRun(folder, run.changes), stateDir })
  const followed = await followRun(killable.url, { target, onFall: (what) => failures.add(what) })
  const tabs = await Promise.all(Array.from({ length: volunteers }, () => Tab.open(killable.port)))
  const progress = setInterval(() => onProgress(describeProgress(run.name, sinceSeconds(), followed.status(), troubles)), PROGRESS_MS).unref()
  await eventually(() => followed.status().modelVersion > 0, CALM_MS)

  const untilMs = performance.now() + seconds * 1000, paceMs = Math.min(MAX_PACE_MS, seconds * 100)
  const [recoverySeconds] = await Promise.all([
    killCoordinator(killable, followed, planKills(seed, untilMs - seconds * 1000, seconds)),
    ...tabs.map((tab, index) => troubleTab(tab, { seed, index, untilMs, paceMs, onTrouble: (trouble) => { troubles[trouble]++ } })),
  ])
  await expectCalm(tabs, followed, target, failures)
  clearInterval(progress)

  const { expired, refused, bytesUp } = followed.status()
  await Promise.all(tabs.map((tab) => tab.close()))
  const log = await proveLog(killable, logFolder(stateDir, 'e2e'), tabs, followed, failures)
  return {
    run: run.name, seed, volunteers, seconds: sinceSeconds(), target, bestAccuracy: followed.bestAccuracy(), reachedSeconds: followed.reachedSeconds() ?? null,
    troubles, recoverySeconds, expired, refused, bytesUp, acknowledged: sumOf(tabs), log, failures: [...failures],
  }
}

interface Kill {
  readonly atMs: number
  /** How long nobody listens. */
  readonly downMs: number
}

/** One in each half of the time, neither near its edges. */
function planKills(seed: number, fromMs: number, seconds: number): readonly Kill[] {
  const rng = createRng(`soak/${seed}/coordinator`)
  return Array.from({ length: KILLS }, (_, kill) => ({ atMs: fromMs + ((kill + 0.2 + 0.6 * rng.uniform()) / KILLS) * seconds * 1000, downMs: MAX_DOWN_MS * rng.uniform() }))
}

/** Seconds from each restart to the next version. */
async function killCoordinator(killable: Killable, followed: Followed, kills: readonly Kill[]): Promise<readonly number[]> {
  const recoverySeconds: number[] = []
  for (const { atMs, downMs } of kills) {
    await delay(atMs - performance.now())
    const before = followed.status()
    await killable.kill(downMs)
    const startedMs = performance.now()
    await eventually(() => followed.status().incarnation > before.incarnation && followed.status().modelVersion > before.modelVersion, CALM_MS)
    recoverySeconds.push((performance.now() - startedMs) / 1000)
  }
  return recoverySeconds
}

/** Nothing disturbs it any more: every tab gets work accepted, and the target is reached. */
async function expectCalm(tabs: readonly Tab[], followed: Followed, target: number, failures: Set<string>): Promise<void> {
  const before = await Promise.all(tabs.map(async (tab) => (await tab.look()).examples))
  await Promise.all(tabs.map((tab, i) => orFailure(failures, `tab ${i}: must have work accepted again within ${CALM_MS / 1000} s after its last trouble.`, async () => (await tab.look()).examples > before[i]!)))
  await orFailure(failures, `accuracy: must reach ${target}, got ${followed.bestAccuracy()}.`, () => followed.reachedSeconds() !== undefined)
}

/** The log holds, and a coordinator that is started from it serves what it says, with all that tabs were told. */
async function proveLog(killable: Killable, folder: string, tabs: readonly Tab[], followed: Followed, failures: Set<string>): Promise<LogReport> {
  const { incarnation } = followed.status()
  const code = await killable.end()
  if (code !== 0) failures.add(`coordinator: must end with 0, got ${code}.`)
  const log = await verifyLog(folder)
  await killable.restart()
  const served = await eventually(() => followed.status().incarnation > incarnation && followed.status(), CALM_MS)
  const told = sumOf(tabs)
  if (served.examples < told) failures.add(`examples: must be at least the ${told} that tabs were told to be accepted, got ${served.examples}.`)
  if (served.modelVersion !== log.versions || served.modelHash !== log.hash) failures.add(`model: must be version ${log.versions} with hash ${log.hash} of the log, got version ${served.modelVersion} with ${served.modelHash}.`)
  await killable.end()
  return log
}

/** Examples that tabs were told to be accepted. */
const sumOf = (tabs: readonly Tab[]): number => tabs.flatMap(({ lives }) => lives).reduce((sum, { examples }) => sum + examples, 0)

async function orFailure(failures: Set<string>, what: string, probe: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(probe, CALM_MS).catch(() => failures.add(what))
}
