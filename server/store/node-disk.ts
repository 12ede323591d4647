// The file system as a Disk. Files that are appended to stay open, so that a commit costs one write and one fdatasync.
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Disk, ReadableDisk } from './disk.ts'

const isMissing = (error: unknown): boolean => (error as { code?: string }).code === 'ENOENT'

/** All pieces by one call of the system, where it takes them: a group of commits has hundreds. Returns how many bytes they are. */
async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], at: number): Promise<number> {
  let done = 0
  for (let left = pieces; left.length > 0;) {
    const { bytesWritten } = await file.writev(left, at + done)
    done += bytesWritten
    left = behind(left, bytesWritten)
  }
  return done
}

/** What is left of pieces whose first bytes are written. */
function behind(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let over = bytes
  const first = pieces.findIndex(({ length }) => {
    if (length > over) return true
    over -= length
    return false
  })
  return first === -1 ? [] : [pieces[first]!.subarray(over), ...pieces.slice(first + 1)]
}

async function readPart(file: FileHandle, offset: number, length: number | undefined): Promise<Uint8Array> {
  const left = Math.max(0, (await file.stat()).size - offset)
  const bytes = new Uint8Array(Math.min(left, length ?? left))
  let done = 0
  for (let read = -1; done < bytes.length && read !== 0; done += read) read = (await file.read(bytes, done, bytes.length - done, offset + done)).bytesRead
  return bytes.subarray(0, done)
}

/**
 * For reading a folder while somebody writes to it: a file stays as it was opened first, even when it is removed
 * meanwhile, until this is closed.
 */
export function createHoldingDisk(root: string): ReadableDisk & { close(): Promise<void> } {
  const held = new Map<string, Promise<FileHandle | undefined>>()
  return {
    async read(path, offset = 0, length) {
      const opening = held.get(path) ?? open(join(root, path), 'r').catch((error: unknown) => {
        if (isMissing(error)) return undefined
        throw error
      })
      held.set(path, opening)
      const file = await opening
      return file === undefined ? undefined : readPart(file, offset, length)
    },
    list: (path) => namesIn(join(root, path)),
    async close() {
      for (const file of held.values()) await (await file)?.close()
    },
  }
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch((error: unknown) => {
  if (isMissing(error)) return []
  throw error
})

export async function createNodeDisk(root: string): Promise<Disk> {
  await mkdir(root, { recursive: true })
  const handles = new Map<string, FileHandle>()
  const at = (path: string): string => join(root, path)

  const handle = async (path: string): Promise<FileHandle> => {
    const known = handles.get(path)
    if (known !== undefined) return known
    await mkdir(dirname(at(path)), { recursive: true })
    // 'a+' would append even positioned writes, and 'r+' does not create.
    const opened = await open(at(path), 'r+').catch((error: unknown) => {
      if (isMissing(error)) return open(at(path), 'w+')
      throw error
    })
    handles.set(path, opened)
    return opened
  }
  const forget = async (path: string): Promise<void> => {
    const known = handles.get(path)
    handles.delete(path)
    await known?.close()
  }
  const ends = new Map<string, number>()
  const endOf = async (path: string, file: FileHandle): Promise<number> => ends.get(path) ?? (await file.stat()).size

  return {
    async append(path, ...pieces) {
      const file = await handle(path)
      const end = await endOf(path, file)
      ends.set(path, end + await writeAll(file, pieces, end))
    },
    async write(path, bytes) {
      const file = await handle(path)
      await writeAll(file, [bytes], 0)
      const size = await endOf(path, file)
      if (size !== bytes.length) await file.truncate(bytes.length)
      ends.set(path, bytes.length)
    },
    async sync(path) {
      await (await handle(path)).datasync()
    },
    async syncDirectory(path) {
      // Windows cannot open a folder; its file systems journal names themselves.
      if (process.platform === 'win32') return
      const folder = await open(at(path), 'r')
      await folder.sync().finally(() => folder.close())
    },
    async read(path, offset = 0, length) {
      try {
        if (offset === 0 && length === undefined) return await readFile(at(path))
        const file = await open(at(path), 'r')
        try {
          return await readPart(file, offset, length)
        } finally {
          await file.close()
        }
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    async truncate(path, length) {
      await (await handle(path)).truncate(length)
      ends.set(path, length)
    },
    async rename(from, to) {
      await forget(from)
      await forget(to)
      ends.delete(from)
      ends.delete(to)
      await mkdir(dirname(at(to)), { recursive: true })
      await rename(at(from), at(to))
    },
    async remove(path) {
      await forget(path)
      ends.delete(path)
      await rm(at(path), { force: true })
    },
    list: (path) => namesIn(at(path)),
    async close() {
      for (const path of [...handles.keys()]) await forget(path)
    },
  }
}
