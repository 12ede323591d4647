// A disk in memory that can crash like a real one: contents that were not synced survive only in part, names that were
// not synced may be the old ones, and a full disk refuses. For tests and the simulator.
import type { Disk } from './disk.ts'
import type { Rng } from '../../src/base/rng.ts'

/** The process is gone in the middle of this operation. */
export class CrashError extends Error {
  override readonly name = 'CrashError'
}

export type Survival = Pick<Rng, 'integer'>
export const NOTHING: Survival = { integer: () => 0 }
export const EVERYTHING: Survival = { integer: (bound) => bound - 1 }

interface Inode {
  bytes: Uint8Array
  /** The contents that a crash cannot take back. */
  synced: Uint8Array
}

export interface FaultDisk extends Disk {
  /** What survives when the power goes now, as `rng` chooses, or nothing or all of it. The disk then serves the next process. */
  crash(rng: Survival): void
  /** Every later operation of this process throws CrashError, after `operations` more. */
  crashAfter(operations: number): void
  /** While true, operations that need space throw ENOSPC. */
  full: boolean
  readonly operations: number
  /** Contents by path, for looking and for doing damage; how many of them a crash cannot take back; and all paths. */
  peek(path: string): Uint8Array | undefined
  syncedBytes(path: string): number
  paths(): readonly string[]
  /** Replaces contents behind the back of whoever uses the disk. */
  put(path: string, bytes: Uint8Array): void
  /** What a process that opened a copy of it would find. Nothing waits there. */
  copy(): FaultDisk
  /** Syncing contents, or names, does nothing: a broken disk, to prove that tests notice. */
  lying: 'contents' | 'names' | undefined
}

export function createFaultDisk(wait: () => Promise<void> = () => Promise.resolve()): FaultDisk {
  let files = new Map<string, Inode>()
  let durable = new Map<string, Inode>()
  /** Changes of names since the last sync of a folder, in order. */
  let renames: ((names: Map<string, Inode>) => void)[] = []
  let left = Infinity
  let generation = 0

  const operate = async (needsSpace: boolean): Promise<void> => {
    const mine = generation
    await wait()
    if (mine !== generation) await new Promise<never>(() => {}) // That process is gone.
    disk.operations++
    if (left-- <= 0) throw new CrashError('crash')
    if (needsSpace && disk.full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  }
  const rename = (change: (names: Map<string, Inode>) => void): void => {
    change(files)
    renames.push(change)
  }
  const inode = (path: string): Inode => {
    const known = files.get(path)
    if (known !== undefined) return known
    const fresh: Inode = { bytes: new Uint8Array(0), synced: new Uint8Array(0) }
    rename((names) => names.set(path, fresh))
    return fresh
  }
  const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
    const both = new Uint8Array(a.length + b.length)
    both.set(a)
    both.set(b, a.length)
    return both
  }

  const disk: FaultDisk & { operations: number } = {
    full: false,
    lying: undefined,
    operations: 0,
    async append(path, ...pieces) {
      const copy = pieces.reduce(concat, new Uint8Array(0))
      await operate(true)
      const file = inode(path)
      file.bytes = concat(file.bytes, copy)
    },
    async write(path, bytes) {
      const copy = bytes.slice()
      await operate(true)
      inode(path).bytes = copy
    },
    async sync(path) {
      await operate(false)
      const file = inode(path)
      if (disk.lying !== 'contents') file.synced = file.bytes
    },
    async syncDirectory() {
      await operate(false)
      if (disk.lying === 'names') return
      durable = new Map(files)
      renames = []
    },
    async read(path, offset = 0, length) {
      await operate(false)
      const file = files.get(path)
      return file?.bytes.slice(offset, length === undefined ? undefined : offset + length)
    },
    async truncate(path, length) {
      await operate(false)
      const file = inode(path)
      file.bytes = file.bytes.slice(0, length)
    },
    async rename(from, to) {
      await operate(false)
      const file = files.get(from)
      if (file === undefined) throw Object.assign(new Error(`no such file: ${from}`), { code: 'ENOENT' })
      rename((names) => {
        names.delete(from)
        names.set(to, file)
      })
    },
    async remove(path) {
      await operate(false)
      if (files.has(path)) rename((names) => void names.delete(path))
    },
    async list(path) {
      await operate(false)
      const prefix = path === '' ? '' : `${path}/`
      return [...files.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)).filter((name) => !name.includes('/'))
    },
    async close() {},
    peek: (path) => files.get(path)?.bytes,
    syncedBytes: (path) => files.get(path)?.synced.length ?? 0,
    paths: () => [...files.keys()],
    copy() {
      const twin = createFaultDisk()
      for (const [path, { bytes }] of files) twin.put(path, bytes.slice())
      return twin
    },
    put(path, bytes) {
      inode(path).bytes = bytes
    },
    crashAfter(operations) {
      left = operations
    },
    crash(rng) {
      generation++
      left = Infinity
      const names = new Map(durable)
      for (const change of renames.slice(0, rng.integer(renames.length + 1))) change(names)
      for (const file of new Set(names.values())) {
        file.bytes = survivor(file, rng)
        file.synced = file.bytes
      }
      files = names
      durable = new Map(names)
      renames = []
    },
  }
  return disk
}

/** What was synced, and of what was appended after it a piece that may end anywhere and hold garbage. */
function survivor({ bytes, synced }: Inode, rng: Survival): Uint8Array {
  const appended = bytes.length >= synced.length && synced.every((byte, i) => bytes[i] === byte)
  // Overwritten or truncated without a sync: either the old or the new contents.
  if (!appended) return rng.integer(2) === 0 ? synced : bytes
  const end = synced.length + rng.integer(bytes.length - synced.length + 1)
  const rest = bytes.slice(0, end)
  if (end > synced.length && rng.integer(4) === 0) rest[synced.length + rng.integer(end - synced.length)]! ^= 1 << rng.integer(8)
  return rest
}
