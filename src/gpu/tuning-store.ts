// What tuning remembers between visits: the best row so far of each kernel on this adapter, by shape bucket.
import type { Algorithm, Dims, Kernel } from '../kernels/kernel.ts'
import { findVariant } from './candidates.ts'
import { describeVariant, filesOf, shaderFile, type Variant } from './wgsl.ts'

/** Where winners are kept between visits: IndexedDB in a browser, a file or memory in Node. */
export interface TuningStore {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string): Promise<void>
}

/** Where keeping fails (a full disk, a folder that may not be written) it costs speed only: nothing is found or kept. */
export const forgiving = (store: TuningStore): TuningStore => ({
  get: (key) => store.get(key).catch(() => undefined),
  set: (key, value) => store.set(key, value).catch(() => undefined),
})

export interface RememberedRow {
  readonly variant: Variant
  /** Absent where there was no time to measure it. */
  readonly ms?: number
  readonly compileMs?: number
}

export interface Remembered extends RememberedRow {
  /** The row to begin with where the best takes longer to compile than a first step by it saves. */
  readonly starter?: RememberedRow
  /** All rows that may win had been measured. */
  readonly complete: boolean
}

/** What is kept is only found again on the same adapter and driver (`fingerprint`), by the same shaders and rows. */
export interface TuningMemory {
  recall(kernel: Kernel, dims: Dims, variants: readonly Variant[]): Promise<Remembered | undefined>
  remember(kernel: Kernel, dims: Dims, found: Remembered): Promise<void>
}

export function createTuningMemory(store: TuningStore | undefined, fingerprint: string): TuningMemory {
  const keyOf = (kernel: Kernel, dims: Dims): string => storeKey(fingerprint, kernel, dims)
  return {
    async recall(kernel, dims, variants) {
      const text = await store?.get(keyOf(kernel, dims))
      const saved = text === undefined ? undefined : parseSaved(text)
      const best = saved === undefined ? undefined : found(variants, saved)
      const starter = saved?.starter === undefined ? undefined : found(variants, saved.starter)
      return best === undefined ? undefined : { ...best, complete: saved!.complete, ...(starter === undefined ? {} : { starter }) }
    },
    async remember(kernel, dims, { starter, complete, ...best }) {
      await store?.set(keyOf(kernel, dims), JSON.stringify({ ...toSave(kernel, best), complete, ...(starter === undefined ? {} : { starter: toSave(kernel, starter) }) }))
    },
  }
}

interface SavedRow { readonly algorithm: string; readonly consts: Readonly<Record<string, number>>; readonly ms?: number; readonly compileMs?: number }

interface Saved extends SavedRow { readonly complete: boolean; readonly starter?: SavedRow }

const toSave = (kernel: Kernel, { variant, ms, compileMs }: RememberedRow): SavedRow & { readonly label: string } =>
  ({ algorithm: variant.algorithm.name, consts: variant.consts, ...numbersOf({ ms, compileMs }), label: describeVariant(kernel, variant) })

function found(variants: readonly Variant[], { algorithm, consts, ...numbers }: SavedRow): RememberedRow | undefined {
  const variant = findVariant(variants, algorithm, consts)
  return variant === undefined ? undefined : { variant, ...numbersOf(numbers) }
}

/** What an older version of the page left in the store may have any form; then it is measured anew. */
function parseSaved(text: string): Saved | undefined {
  try {
    const saved = JSON.parse(text) as Partial<Saved> | null
    if (!isRow(saved)) return undefined
    const { starter, ...best } = saved
    return { ...best, complete: best.complete === true, ...(isRow(starter) ? { starter } : {}) }
  } catch {
    return undefined
  }
}

const isRow = <T extends Partial<SavedRow>>(saved: T | null | undefined): saved is T & SavedRow =>
  typeof saved?.algorithm === 'string' && typeof saved.consts === 'object' && saved.consts !== null

const numbersOf = ({ ms, compileMs }: { readonly ms?: number | undefined; readonly compileMs?: number | undefined }): Pick<SavedRow, 'ms' | 'compileMs'> =>
  ({ ...(typeof ms === 'number' ? { ms } : {}), ...(typeof compileMs === 'number' ? { compileMs } : {}) })

function storeKey(fingerprint: string, kernel: Kernel, dims: Dims): string {
  const bucket = Object.entries(dims).map(([key, value]) => `${key}${value <= 16 ? value : `~${Math.round(2 * Math.log2(value))}`}`)
  return [fingerprint, shaderHash(kernel), kernel.name, bucket.join(' ')].join(' / ')
}

/** Of everything that decides what a row computes: its files and its constants. */
function shaderHash(kernel: Kernel): string {
  const known = shaderHashes.get(kernel)
  if (known !== undefined) return known
  // Which dispatches there are may depend on the call (strides, rounds).
  const files = (algorithm: Algorithm): readonly string[] => ('dispatches' in algorithm ? kernel.probes.flatMap((dims) => algorithm.dispatches(dims, algorithm.variants[0]!)) : [algorithm]).flatMap(filesOf)
  const hash = hashOf(kernel.algorithms.flatMap((each) => [each.name, JSON.stringify(each.variants), ...[...new Set(files(each))].map(fileHash)]).join('\n'))
  shaderHashes.set(kernel, hash)
  return hash
}

const shaderHashes = new WeakMap<Kernel, string>()

const fileHashes = new Map<string, string>()

function fileHash(path: string): string {
  const hash = fileHashes.get(path) ?? hashOf(shaderFile(path))
  fileHashes.set(path, hash)
  return hash
}

/** FNV-1a. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16)
}
