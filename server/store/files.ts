// Content-addressed files beside the log, and payloads of updates in segments: how they are named and read back.
//
//   payloads-<n>  payloads, one after the other, of updates that some kept checkpoint does not cover
//   files/<hash>  checkpoints: named by their SHA-256, so that damage shows
import { sha256 } from '../sha256.ts'
import type { Disk, ReadableDisk } from './disk.ts'
import { DamageError } from './log.ts'

export const FILES = 'files'

export interface Place {
  readonly segment: number
  readonly offset: number
}

/** The file of this hash. Undefined where it is missing, torn or damaged. */
export async function readContent(disk: ReadableDisk, hash: string): Promise<Uint8Array | undefined> {
  const bytes = await disk.read(`${FILES}/${hash}`)
  return bytes !== undefined && sha256(bytes) === hash ? bytes : undefined
}

/** Writes a content-addressed file durably. */
export async function writeContent(disk: Disk, hash: string, bytes: Uint8Array): Promise<void> {
  const path = `${FILES}/${hash}`, draft = `${path}.draft`
  await disk.write(draft, bytes)
  await disk.sync(draft)
  await disk.rename(draft, path)
  await disk.syncDirectory(FILES)
  await disk.syncDirectory('')
}

export const segmentPath = (segment: number): string => `payloads-${segment}`

export const isThere = async (disk: ReadableDisk, path: string): Promise<boolean> => (await disk.read(path, 0, 1)) !== undefined

export async function payloadSegments(disk: Disk): Promise<number[]> {
  return (await disk.list('')).flatMap((name) => /^payloads-(\d+)$/.exec(name)?.[1] ?? []).map(Number)
}

export async function readSegment(disk: ReadableDisk, { segment, offset }: Place, bytes: number): Promise<Uint8Array> {
  const found = await disk.read(segmentPath(segment), offset, bytes)
  if (found?.length !== bytes) throw new DamageError(`${segmentPath(segment)}: must hold ${bytes} bytes at ${offset}, got ${found?.length ?? 'no file'}.`)
  return found
}
