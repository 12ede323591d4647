// Results of several runs as one: newer figures take the place of older ones of the same pair.
import type { PeerName, Results, TrainingRow } from './messages.ts'

export const NO_RESULTS: Results = { adapter: '', workloads: [], matmul: [], kernels: [], geomean: {} }

export function extended(old: Results, more: Partial<Results>): Results {
  const where = more.where ?? old.where
  const workloads = merged(old.workloads, more.workloads, (row) => `${row.name} ${row.peer}`)
  return {
    ...(where === undefined ? {} : { where }),
    adapter: more.adapter ?? old.adapter,
    workloads,
    matmul: merged(old.matmul, more.matmul, (row) => `${row.size} ${row.peer}`),
    kernels: more.kernels === undefined ? old.kernels : [...old.kernels.filter((row) => !more.kernels!.some(({ workload }) => workload === row.workload)), ...more.kernels],
    geomean: geomeans(workloads),
  }
}

function merged<T>(old: readonly T[], more: readonly T[] = [], keyOf: (row: T) => string): readonly T[] {
  const rows = new Map([...old, ...more].map((row) => [keyOf(row), row]))
  return [...rows.values()]
}

/** Keys of the JSON, as they are quoted: the WebGPU peers by their bare names. */
const KEYS: Readonly<Record<PeerName, string>> = { 'jaxjs-webgpu': 'jaxjs', 'tfjs-webgpu': 'tfjs', 'jaxjs-wasm': 'jaxjsWasm' }

function geomeans(rows: readonly TrainingRow[]): Readonly<Record<string, number>> {
  const peers = [...new Set(rows.map(({ peer }) => peer))]
  return Object.fromEntries(peers.map((peer) => {
    const logs = rows.filter((row) => row.peer === peer).map(({ ratio }) => Math.log(ratio))
    return [KEYS[peer], Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length)]
  }))
}
