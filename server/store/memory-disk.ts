// A disk in memory that never fails: for simulations, whose coordinator keeps its whole log as any other does. What is
// written is kept by reference, in pieces, as updates are large and nobody changes them afterwards.
import type { Disk } from './disk.ts'

export interface MemoryDisk extends Disk {
  /** Everything it holds, by path. */
  contents(): ReadonlyMap<string, Uint8Array>
}

export function createMemoryDisk(contents: Iterable<readonly [string, Uint8Array]> = []): MemoryDisk {
  const files = new Map<string, Uint8Array[]>([...contents].map(([path, bytes]) => [path, [bytes]]))
  const whole = (path: string): Uint8Array | undefined => {
    const pieces = files.get(path)
    if (pieces === undefined) return undefined
    if (pieces.length !== 1) pieces.splice(0, pieces.length, joined(pieces))
    return pieces[0]
  }
  return {
    async append(path, ...pieces) {
      const known = files.get(path)
      if (known === undefined) files.set(path, pieces)
      else known.push(...pieces)
    },
    async write(path, bytes) { files.set(path, [bytes]) },
    async sync() {},
    async syncDirectory() {},
    async read(path, offset = 0, length) { return whole(path)?.slice(offset, length === undefined ? undefined : offset + length) },
    async truncate(path, length) { files.set(path, [(whole(path) ?? new Uint8Array(0)).slice(0, length)]) },
    async rename(from, to) {
      const pieces = files.get(from)
      files.delete(from)
      if (pieces !== undefined) files.set(to, pieces)
    },
    async remove(path) { files.delete(path) },
    async list(path) {
      const prefix = path === '' ? '' : `${path}/`
      return [...files.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)).filter((name) => !name.includes('/'))
    },
    async close() {},
    contents: () => new Map([...files.keys()].map((path) => [path, whole(path)!])),
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
