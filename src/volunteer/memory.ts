// What a volunteer remembers from lease to lease: what a lossy codec lost, where its optimizer was, and of each part of the
// data that it trains on, what corrections know of it.
//
// A state belongs to an update, and is named by the hash of that update's payload. It is proposed when the update has been
// made, and counts once the coordinator names that update as the last one accepted, of this volunteer or of this part: with
// a verdict, or with the next lease where the verdict was lost. Only then is it written. So whatever comes in between (a
// crash before the write, a lost verdict, somebody else who trained on the part), a state is at worst lost, and none is
// ever used that the coordinator does not count, which would count twice what went up with the update (server/SPEC.md M1).
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../codec/safetensors.ts'
import { WireError } from '../base/errors.ts'
import type { ByteStore } from './byte-store.ts'

export interface Remembered {
  /** Hash of the update's payload. */
  readonly update: string
  /** Of the optimizer so far. */
  readonly steps: number
  readonly arrays: Readonly<Record<string, Float32Array>>
}

export interface MemoryOptions {
  readonly volunteerId: string
  /** Keys are `<runId>/<volunteerId>/<what it is of>`. Nothing outlives this process where absent. */
  readonly store?: ByteStore
  /** What is held here besides the store, at most; the rest is read from there again. */
  readonly maxHeldBytes?: number
}

/** In the store of one browser, or of one machine's Node volunteers. */
export const MAX_STATE_BYTES = 512 << 20
const MAX_HELD_BYTES = 256 << 20

export class VolunteerMemory {
  readonly #options: MemoryOptions
  #runId = ''
  /** By what they are of. A Map keeps insertion order, so the oldest is first. */
  #held = new Map<string, Remembered>()
  #heldBytes = 0
  readonly #proposed = new Map<string, Remembered>()
  readonly #unwritten = new Map<string, Remembered>()
  #storing: Promise<void> = Promise.resolve()

  constructor(options: MemoryOptions) {
    this.#options = options
  }

  /** What this volunteer knew of other runs is forgotten. */
  beginRun(runId: string): void {
    if (runId === this.#runId) return
    this.#clear()
    this.#runId = runId
    const { volunteerId } = this.#options
    this.#later((store) => removeWhere(store, (run, owner) => owner === volunteerId && run !== runId))
  }

  /** Nobody needs it any more: neither this volunteer nor those before it, whose tabs are closed. */
  endRun(runId: string): void {
    if (runId === this.#runId) this.#clear()
    this.#later((store) => removeWhere(store, (run) => run === runId))
  }

  /** The state of `what` after `update`; undefined where that is not known. All earlier proposals are decided by now. */
  async recall(what: string, update: string | undefined): Promise<Remembered | undefined> {
    const proposed = this.#proposed.get(what)
    this.#proposed.delete(what)
    if (update !== undefined && proposed?.update === update) this.#keep(what, proposed)
    const known = this.#held.get(what) ?? (await this.#read(what))
    if (known !== undefined && known.update === update) {
      this.#hold(what, known)
      return known
    }
    this.#drop(what)
    return undefined
  }

  /** An update has been made. Whether it counts is not known yet. */
  propose(what: string, state: Remembered): void {
    this.#proposed.set(what, state)
  }

  /** It counts. */
  accepted(update: string): void {
    for (const [what, state] of this.#proposed) {
      if (state.update !== update) continue
      this.#proposed.delete(what)
      this.#keep(what, state)
    }
  }

  /** Resolves when everything that counts is written. */
  async settled(): Promise<void> {
    await this.#storing
  }

  #keep(what: string, state: Remembered): void {
    this.#hold(what, state)
    this.#unwritten.set(what, state)
    // Where the store is slower than the leases, only the newest state of each is written.
    this.#later(async (store) => {
      const newest = this.#unwritten.get(what)
      this.#unwritten.delete(what)
      if (newest !== undefined) await store.set(this.#keyOf(what), encode(newest))
    })
  }

  #hold(what: string, state: Remembered): void {
    this.#drop(what)
    this.#held.set(what, state)
    this.#heldBytes += bytesOf(state)
    const { store, maxHeldBytes = MAX_HELD_BYTES } = this.#options
    if (store === undefined) return
    for (const oldest of this.#held.keys()) {
      if (this.#heldBytes <= maxHeldBytes) break
      this.#drop(oldest)
    }
  }

  #drop(what: string): void {
    const state = this.#held.get(what)
    if (state === undefined) return
    this.#heldBytes -= bytesOf(state)
    this.#held.delete(what)
  }

  #clear(): void {
    this.#held.clear()
    this.#heldBytes = 0
    this.#proposed.clear()
    this.#unwritten.clear()
  }

  async #read(what: string): Promise<Remembered | undefined> {
    await this.#storing
    const file = await this.#options.store?.get(this.#keyOf(what))
    return file === undefined ? undefined : decode(file)
  }

  #keyOf(what: string): string {
    return `${this.#runId}/${this.#options.volunteerId}/${what}`
  }

  #later(act: (store: ByteStore) => Promise<void>): void {
    const { store } = this.#options
    if (store !== undefined) this.#storing = this.#storing.then(() => act(store))
  }
}

async function removeWhere(store: ByteStore, unwanted: (runId: string, volunteerId: string) => boolean): Promise<void> {
  for (const key of await store.keys()) {
    const [runId = '', volunteerId = ''] = key.split('/')
    if (unwanted(runId, volunteerId)) await store.remove(key)
  }
}

const bytesOf = ({ arrays }: Remembered): number => Object.values(arrays).reduce((sum, { byteLength }) => sum + byteLength, 0)

function encode({ update, steps, arrays }: Remembered): Uint8Array {
  const tensors = Object.entries(arrays).map(([name, data]): NamedTensor => ({ name, shape: [data.length], dtype: 'F32', data }))
  return encodeSafetensors(tensors, { update, steps: String(steps) })
}

/** Undefined where the file is torn: nothing is known then. */
function decode(file: Uint8Array): Remembered | undefined {
  try {
    const { tensors, metadata } = decodeSafetensors(file)
    return { update: metadata['update'] ?? '', steps: Number(metadata['steps']), arrays: Object.fromEntries(tensors.map(({ name, data }) => [name, data as Float32Array])) }
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}
