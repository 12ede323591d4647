// The log as it lies on the disk: files logs/<n> of frames, one chain through all of them. Each checkpoint begins a new
// file, so that what came before it need not be read again, and may be removed as a whole.
//
//   logs/<n>    frames (frames.ts)
//   log.synced  how many bytes of the log are known to be on disk: tells a torn tail from damage where no later frame does
import { crc32 } from 'node:zlib'
import { ConfigError } from '../../src/base/errors.ts'
import type { Disk, ReadableDisk } from './disk.ts'
import { decodeFrames, provenIn, type DecodedFrames, type LogEnd } from './frames.ts'

export const LOGS = 'logs'
export const MARK = 'log.synced'
/** Read at a time. */
const PIECE_BYTES = 8 * 2 ** 20

/** The whole log in one file, as earlier versions wrote it. */
const FORMER_LOG = 'log'

export const logPath = (file: number): string => `${LOGS}/${file}`

/** Bytes that were on disk are not what they were: nothing that this program can make good. */
export class DamageError extends ConfigError {}

/** Numbers of the files of the log, ascending. */
export async function logFiles(disk: Pick<Disk, 'list'>): Promise<number[]> {
  const names = await disk.list(LOGS)
  return names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number).sort((a, b) => a - b)
}

/** For a folder without log files. Throws ConfigError where an earlier version has written a log there. */
export async function refuseFormerLog(disk: Pick<Disk, 'read'>): Promise<void> {
  if ((await disk.read(FORMER_LOG, 0, 1)) === undefined) return
  throw new ConfigError('state folder: must hold a log of format 2, got one of format 1, which an earlier version wrote. Go on with that version, or begin anew with --fresh (the stored progress is deleted).')
}

/** The first frames of a file; none where the first is not whole. */
export async function firstFrames(disk: Pick<Disk, 'read'>, file: number, count: number): Promise<DecodedFrames> {
  for (let bytes = 2 ** 16; ; bytes *= 8) {
    const piece = (await disk.read(logPath(file), 0, bytes)) ?? new Uint8Array(0)
    const frames = decodeFrames(piece, undefined, count)
    if (frames.records.length === count || piece.length < bytes) return frames
  }
}

/** Of the files that follow each other up to the last one. */
export const firstOfUnbroken = (files: readonly number[]): number => files.findLast((file, i) => files[i - 1] !== file - 1) ?? 1

export async function firstRecords(disk: Pick<Disk, 'read'>, file: number, count: number): Promise<readonly object[]> {
  return (await firstFrames(disk, file, count)).records
}

/** Where the log ends. */
export interface LogTail {
  readonly end: LogEnd
  /** The last file with a whole frame, and how many bytes of the log come before it. 1 and 0 where there is none. */
  readonly file: number
  readonly base: number
  /** Unsynced bytes, or files of such bytes alone, come after the last whole frame. */
  readonly torn: boolean
}

/**
 * Hands the records of log files `from` and later to `take`, in order and in pieces, and tells where the log ends.
 * Throws DamageError where bytes are damaged that were synced. Changes nothing.
 */
export async function readLog(disk: ReadableDisk, from: number, take: (records: readonly object[]) => void | Promise<void>): Promise<LogTail> {
  // Before the log itself: while somebody writes to it, the mark is never ahead of what is read after it.
  const marked = decodeMark((await disk.read(MARK)) ?? new Uint8Array(0))
  const files = (await logFiles(disk)).filter((file) => file >= from)
  let tail: LogTail = { end: { bytes: 0, chain: 0 }, file: from, base: 0, torn: false }
  let chain: number | undefined
  for (const [i, file] of files.entries()) {
    if (file !== from + i) throw new DamageError(`${logPath(from + i)}: must exist where ${logPath(file)} does, got no file.`)
    const read = await readLogFile(disk, file, chain, take)
    if (read.length > 0) {
      chain = read.chain
      tail = { end: { bytes: read.base + read.length, chain }, file, base: read.base, torn: read.torn }
    }
    if (!read.torn && read.length > 0) continue
    // All behind this point is torn or damaged: any whole frame there tells which.
    const proven = Math.max(marked, await provenBehind(disk, read.length, files.slice(i)))
    if (tail.end.bytes < proven) throw new DamageError(`${logPath(file)}: must be whole up to byte ${proven} of the log, got damage at byte ${tail.end.bytes}.`)
    return { ...tail, torn: true }
  }
  if (tail.end.bytes < marked) throw new DamageError(`${logPath(tail.file)}: must be whole up to byte ${marked} of the log, got its end at byte ${tail.end.bytes}.`)
  return tail
}

interface LogFileRead {
  readonly length: number
  readonly chain: number
  readonly base: number
  /** Something other than a whole frame follows. */
  readonly torn: boolean
}

async function readLogFile(disk: ReadableDisk, file: number, before: number | undefined, take: (records: readonly object[]) => void | Promise<void>): Promise<LogFileRead> {
  let at = 0, base = 0, chain = before
  for (let wanted = PIECE_BYTES; ;) {
    const piece = (await disk.read(logPath(file), at, wanted)) ?? new Uint8Array(0)
    const isEnd = piece.length < wanted
    const frames = decodeFrames(piece, chain)
    if (frames.records.length > 0) {
      if (at === 0) base = frames.base
      chain = frames.chain
      at += frames.length
      await take(frames.records)
    }
    const left = piece.length - frames.length
    if (isEnd || (frames.length === 0 && frames.next <= piece.length)) return { length: at, chain: chain ?? 0, base, torn: left > 0 }
    // A frame may be longer than a piece.
    wanted = Math.max(PIECE_BYTES, frames.length === 0 ? frames.next : 0)
  }
}

async function provenBehind(disk: ReadableDisk, at: number, [file, ...later]: readonly number[]): Promise<number> {
  const proven = [provenIn((await disk.read(logPath(file!))) ?? new Uint8Array(0), at)]
  for (const next of later) proven.push(provenIn((await disk.read(logPath(next))) ?? new Uint8Array(0), 0))
  return Math.max(...proven)
}

/** Its checksum tells whether it is torn: it is synced later than what it marks, or never. */
export const encodeMark = (bytes: number): Uint8Array => {
  const text = String(bytes).padStart(16, '0')
  return Buffer.from(`${text} ${String(crc32(text)).padStart(10, '0')}\n`)
}

/** 0 where it is torn or not there. */
export function decodeMark(file: Uint8Array): number {
  const [bytes = '', sum] = new TextDecoder().decode(file).trimEnd().split(' ')
  return sum !== undefined && Number(sum) === crc32(bytes) ? Number(bytes) : 0
}
