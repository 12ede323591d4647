// What the address asks for of how to compute, for those who know better than the page: `?runner=gpu|wasm` and `?threads=N`.
import type { StartOptions } from '../../volunteer/host-browser.ts'

export function runnerInAddress(): Pick<StartOptions, 'runner' | 'threads'> {
  const asked = new URLSearchParams(location.search)
  const runner = asked.get('runner'), threads = Number(asked.get('threads'))
  return { ...(runner === 'gpu' || runner === 'wasm' ? { runner } : {}), ...(Number.isInteger(threads) && threads > 0 ? { threads } : {}) }
}
