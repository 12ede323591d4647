// Chooses a variant for every call: rows that fit, timed on this very adapter, the winner checked against the reference
// and remembered. It knows kernels only as declarations. What is fastest differs several-fold between adapters, and a
// software adapter likes the opposite of what a GPU likes.
import { InvariantError } from '../base/errors.ts'
import type { KernelCall } from '../graph/plan.ts'
import type { Dims, GpuCapabilities, Kernel } from '../kernels/kernel.ts'
import { findVariant, fits, worthTiming } from './candidates.ts'
import type { Pipelines } from './pipelines.ts'
import { createBench, probe, probeArrays } from './probe.ts'
import { timeVariant } from './timing.ts'
import { describeVariant, shaderFile, type Variant } from './wgsl.ts'

/** Where winners are kept between visits: IndexedDB in a browser, a file or memory in Node. */
export interface TuningStore {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string): Promise<void>
}

export interface TunerOptions {
  readonly device: GPUDevice
  readonly pipelines: Pipelines
  readonly capabilities: GpuCapabilities
  /** Names adapter and driver in keys. */
  readonly fingerprint: string
  readonly store?: TuningStore
  /** False: take the first row that fits, unmeasured (tests). */
  readonly tune?: boolean
  /** Bound on measuring, in all. What is left over keeps its first fitting row, and is measured on the next visit. */
  readonly budgetMs?: number
}

export interface Choice {
  readonly variant: Variant
  /** Measured time of one dispatch, where it was measured. */
  readonly ms?: number
}

export interface Tuner {
  /** Chooses for each distinct call. `onProgress` hears 0..1 and what is being measured. */
  choose(calls: readonly KernelCall[], onProgress?: (fraction: number, doing: string) => void): Promise<(call: KernelCall) => Choice>
}

const DEFAULT_BUDGET_MS = 3_000

interface Kind {
  readonly kernel: Kernel
  readonly dims: Dims
  readonly variants: readonly Variant[]
  /** Floating point operations of all its calls together: how much a better row can win. */
  readonly weight: number
}

export function createTuner(options: TunerOptions): Tuner {
  const chosen = new Map<string, Choice>()
  let budgetMs = options.budgetMs ?? DEFAULT_BUDGET_MS
  return {
    async choose(calls, onProgress) {
      const kinds = distinct(calls, options.capabilities)
      const open: [string, Kind][] = []
      for (const [key, kind] of kinds) {
        if (chosen.has(key)) continue
        const remembered = await recall(options, kind)
        if (remembered !== undefined) chosen.set(key, remembered)
        else open.push([key, kind])
      }
      open.sort(([, a], [, b]) => b.weight - a.weight)
      for (const [i, [key, kind]] of open.entries()) {
        const first = kind.variants[0]
        if (first === undefined) throw new InvariantError(`${kind.kernel.name}: must have a row that fits ${JSON.stringify(kind.dims)}, got none. Add a general algorithm.`)
        if (options.tune === false || kind.variants.length === 1 || budgetMs <= 0) {
          chosen.set(key, { variant: first })
          continue
        }
        onProgress?.(i / open.length, `tuning ${kind.kernel.name}`)
        const start = performance.now()
        const { winner, complete } = await measureKind(options, kind, start + budgetMs)
        budgetMs -= performance.now() - start
        chosen.set(key, winner ?? { variant: first })
        // What the budget cut short is measured again on the next visit.
        if (winner !== undefined && complete) await remember(options, kind, winner)
      }
      return (call) => chosen.get(keyOf(call.kernel, call.dims)) as Choice
    },
  }
}

const keyOf = (kernel: Kernel, dims: Dims): string => `${kernel.name} ${JSON.stringify(dims)}`

function distinct(calls: readonly KernelCall[], gpu: GpuCapabilities): Map<string, Kind> {
  const kinds = new Map<string, Kind>()
  for (const { kernel, dims } of calls) {
    const key = keyOf(kernel, dims)
    const known = kinds.get(key)
    const flops = kernel.flops(dims)
    kinds.set(key, known === undefined
      ? { kernel, dims, variants: worthTiming(kernel, dims, gpu), weight: flops }
      : { ...known, weight: known.weight + flops })
  }
  return kinds
}

interface Measured {
  /** Fastest row that is right; absent where none was. */
  readonly winner?: Choice
  /** All rows that may win here were measured. */
  readonly complete: boolean
}

async function measureKind(options: TunerOptions, { kernel, dims, variants }: Kind, deadline: number): Promise<Measured> {
  const bench = await createBench(options.device, kernel, dims, probeArrays(kernel, dims))
  const timed: { variant: Variant; ms: number }[] = []
  let ahead = options.pipelines.get(kernel, dims, variants[0] as Variant)
  for (const [i, variant] of variants.entries()) {
    const pipeline = await ahead
    const next = variants[i + 1]
    // The driver compiles the next row while this one is timed.
    if (next !== undefined) {
      ahead = options.pipelines.get(kernel, dims, next)
      ahead.catch(() => undefined)
    }
    timed.push({ variant, ms: await timeVariant(options.device, { bench, pipeline, variant, best: Math.min(...timed.map(({ ms }) => ms)), deadline }) })
    if (performance.now() > deadline) break
  }
  bench.destroy()
  timed.sort((a, b) => a.ms - b.ms)
  const complete = timed.length === variants.length
  for (const choice of timed) if (await isRight(options, kernel, dims, choice.variant)) return { winner: choice, complete }
  return { complete }
}

/** Probes that a row is checked on: those most like the call. */
const MOST_PROBES = 2

async function isRight({ device, pipelines, capabilities }: TunerOptions, kernel: Kernel, dims: Dims, variant: Variant): Promise<boolean> {
  const likeness = (probeDims: Dims): number => Object.entries(probeDims).filter(([key, value]) => dims[key] === value).length
  const usable = kernel.probes.filter((probeDims) => fits(variant, probeDims, capabilities))
  const nearest = [...usable].sort((a, b) => likeness(b) - likeness(a)).slice(0, MOST_PROBES)
  const wrong = await Promise.all(nearest.map((probeDims) => probe({ device, pipelines, kernel, dims: probeDims, variant, tolerance: 'permissive' })))
  return wrong.every((list) => list.length === 0)
}

async function recall({ store, fingerprint, tune }: TunerOptions, { kernel, dims, variants }: Kind): Promise<Choice | undefined> {
  if (store === undefined || tune === false) return undefined
  const text = await store.get(storeKey(fingerprint, kernel, dims))
  if (text === undefined) return undefined
  const saved = parseSaved(text)
  const variant = saved === undefined ? undefined : findVariant(variants, saved.algorithm, saved.consts)
  return variant === undefined ? undefined : { variant, ms: saved!.ms }
}

interface Saved { readonly algorithm: string; readonly consts: Readonly<Record<string, number>>; readonly ms: number }

/** What an older version of the page left in the store may have any form; then it is measured anew. */
function parseSaved(text: string): Saved | undefined {
  try {
    const saved = JSON.parse(text) as Partial<Saved> | null
    return typeof saved?.algorithm === 'string' && typeof saved.ms === 'number' && typeof saved.consts === 'object' && saved.consts !== null ? saved as Saved : undefined
  } catch {
    return undefined
  }
}

async function remember({ store, fingerprint }: TunerOptions, { kernel, dims }: Kind, { variant, ms }: Choice): Promise<void> {
  await store?.set(storeKey(fingerprint, kernel, dims), JSON.stringify({ algorithm: variant.algorithm.name, consts: variant.consts, ms, label: describeVariant(kernel, variant) }))
}

function storeKey(fingerprint: string, kernel: Kernel, dims: Dims): string {
  const bucket = Object.entries(dims).map(([key, value]) => `${key}${value <= 16 ? value : `~${Math.round(2 * Math.log2(value))}`}`)
  return [fingerprint, shaderHash(kernel), kernel.name, bucket.join(' ')].join(' / ')
}

/** FNV-1a over everything that decides what a row computes: its files and its constants. */
function shaderHash(kernel: Kernel): string {
  const text = kernel.algorithms.flatMap((a) => [a.name, JSON.stringify(a.variants), ...[...(a.includes ?? []), a.shader].map(shaderFile)]).join('\n')
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16)
}
