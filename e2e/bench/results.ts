// Results of several runs as one: newer figures take the place of older ones of the same pair.
import type { PeerName, Results, TrainingRow } from './messages.ts'
import { workloads } from './workloads.ts'

export const NO_RESULTS: Results = { adapter: '', workloads: [], matmul: [], kernels: [], memory: [], geomean: {}, geomeanOver: {} }

export function extended(old: Results, more: Partial<Results>): Results {
  const where = more.where ?? old.where
  const rows = merged(old.workloads, more.workloads, (row) => `${row.name} ${row.peer}`)
  const means = geomeans(rows)
  return {
    ...(where === undefined ? {} : { where }),
    adapter: more.adapter ?? old.adapter,
    workloads: rows,
    matmul: merged(old.matmul, more.matmul, (row) => `${row.size} ${row.peerName}`),
    kernels: more.kernels === undefined ? old.kernels : [...old.kernels.filter((row) => !more.kernels!.some(({ workload }) => workload === row.workload)), ...more.kernels],
    memory: merged(old.memory, more.memory, (row) => row.name),
    geomean: Object.fromEntries(means.map(({ key, ratio }) => [key, ratio])),
    geomeanOver: Object.fromEntries(means.map(({ key, over }) => [key, over])),
  }
}

function merged<T>(old: readonly T[], more: readonly T[] = [], keyOf: (row: T) => string): readonly T[] {
  const rows = new Map([...old, ...more].map((row) => [keyOf(row), row]))
  return [...rows.values()]
}

/** Keys of the JSON, as they are quoted: the WebGPU peers by their bare names. */
const KEYS: Readonly<Record<PeerName, string>> = { 'jaxjs-webgpu': 'jaxjs', 'tfjs-webgpu': 'tfjs', 'jaxjs-wasm': 'jaxjsWasm' }

interface Geomean { readonly key: string; readonly ratio: number; readonly over: Results['geomeanOver'][string] }

/** Over the standard workloads: a mean over others would be another one in every file. */
function geomeans(rows: readonly TrainingRow[]): readonly Geomean[] {
  const standard = workloads.filter((workload) => workload.standard).map(({ name }) => name)
  const counted = rows.filter(({ name }) => standard.includes(name))
  return [...new Set(counted.map(({ peer }) => peer))].map((peer) => {
    const logs = counted.filter((row) => row.peer === peer).map(({ ratio }) => Math.log(ratio))
    return { key: KEYS[peer], ratio: Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length), over: { workloads: logs.length, of: standard.length } }
  })
}
