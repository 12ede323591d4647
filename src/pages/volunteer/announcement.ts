// What the address asks for, and which run a volunteer would join, told before they decide. Failing to find out is no obstacle.
import type { StartOptions } from '../../volunteer/host-browser.ts'
import type { Health } from '../../wire/dashboard.ts'
import type { Phrase } from '../catalogue/index.ts'

/** `?run=NAME` of the address: the run to join; the coordinator's default one where absent. */
export const runInAddress = (): string | undefined => new URLSearchParams(location.search).get('run') ?? undefined

/** `?runner=gpu|wasm` and `?threads=N`: how to compute, for those who know better than the page. */
export function runnerInAddress(): Pick<StartOptions, 'runner' | 'threads'> {
  const asked = new URLSearchParams(location.search)
  const runner = asked.get('runner'), threads = Number(asked.get('threads'))
  return { ...(runner === 'gpu' || runner === 'wasm' ? { runner } : {}), ...(Number.isInteger(threads) && threads > 0 ? { threads } : {}) }
}

export async function announceRun(say: (phrase: Phrase) => void): Promise<void> {
  const title = await titleOfRun()
  say((c) => title === undefined ? c.volunteer.unreachable : c.volunteer.training(title))
}

async function titleOfRun(): Promise<string | undefined> {
  try {
    const health = await getJson('/health') as Health
    const runId = runInAddress() ?? health.runs[0]?.runId
    if (runId === undefined) return undefined
    const { config } = await getJson(`/runs/${encodeURIComponent(runId)}/description.json`) as { readonly config: { readonly title: string } }
    return config.title
  } catch {
    return undefined
  }
}

async function getJson(path: string): Promise<unknown> {
  const response = await fetch(path, { cache: 'no-store' })
  if (!response.ok) throw new Error(`GET ${path}: ${response.status}`)
  return response.json()
}
