// Watches a run over all its restarts: what was once seen of it may grow, but never shrink.
import type { DashboardEvent, RunStatus } from '../../src/wire/dashboard.ts'
import { watchRun, type Watcher } from '../harness.ts'

export interface Followed {
  readonly status: () => RunStatus
  /** When the target was first reached, in seconds since the start. */
  reachedSeconds(): number | undefined
  bestAccuracy(): number
}

const GROWING = ['incarnation', 'modelVersion', 'examples'] as const

export async function followRun(url: string, { target, onFall }: { readonly target: number; readonly onFall: (what: string) => void }): Promise<Followed> {
  const beganMs = performance.now()
  const watcher: Watcher = await watchRun(url)
  let last = watcher.status(), best = 0
  let reached: number | undefined
  watcher.socket.on('event', (event: DashboardEvent) => {
    if (event.type !== 'status') return
    const { status } = event
    for (const what of GROWING) if (status[what] < last[what]) onFall(`${what}: must not fall, got ${status[what]} after ${last[what]}.`)
    last = status
    best = Math.max(best, status.evaluation?.accuracy ?? 0)
    if (best >= target) reached ??= (performance.now() - beganMs) / 1000
  })
  return { status: watcher.status, reachedSeconds: () => reached, bestAccuracy: () => best }
}
