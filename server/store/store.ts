// The truth on disk: an append-only log, payloads of updates since the last checkpoint in segments beside it, and
// content-addressed files. Commits are grouped: while one is being synced the next ones gather, and share one sync.
//
//   log          frames (frames.ts), kept for the whole run
//   log.synced   how many bytes of it are known to be on disk: tells a torn tail from damage where no later frame does
//   payloads-<n> payloads, one after the other; removed once a checkpoint covers them
//   files/<hash> checkpoints
import { crc32 } from 'node:zlib'
import { ConfigError, invariant } from '../../src/base/errors.ts'
import { describeDiskError, type Disk } from './disk.ts'
import { decodeFrames, encodeFrames, type LogEnd } from './frames.ts'

const LOG = 'log'
const MARK = 'log.synced'
const RETRY_MS = 2_000

export interface Place {
  readonly segment: number
  readonly offset: number
}

interface Commit {
  readonly record: object
  readonly payload: Uint8Array | undefined
  readonly onDurable: (record: object) => void
}

export interface StoreOptions {
  readonly disk: Disk
  /** Calls back after a while; for trying again when the disk refuses. */
  readonly after: (delayMs: number, run: () => void) => () => void
  /** The disk refuses (why, for people), or works again. */
  readonly onFault: (fault: string | undefined) => void
}

export class Store {
  readonly #disk: Disk
  readonly #options: StoreOptions
  #queue: Commit[] = []
  #writing: Promise<void> | undefined
  #fault: string | undefined
  #cancelRetry: () => void = () => {}
  #closed = false
  /** What is durable of the log, and of the open segment. */
  #end: LogEnd
  #segment: number
  #segmentBytes = 0
  #newSegment = true

  private constructor(options: StoreOptions, end: LogEnd, segment: number) {
    this.#options = options
    this.#disk = options.disk
    this.#end = end
    this.#segment = segment
  }

  /** Reads the log. A torn tail is cut off; damage inside what was synced throws ConfigError. */
  static async open(options: StoreOptions): Promise<{ readonly store: Store; readonly records: readonly object[] }> {
    const { disk } = options
    const log = await readLog(disk)
    if (log.torn) {
      await disk.truncate(LOG, log.end.bytes)
      await disk.sync(LOG)
    }
    // A segment may hold bytes that no record names; new payloads go to a new one.
    const segments = (await disk.list('')).map(segmentNumber).filter((n) => n !== undefined)
    return { store: new Store(options, log.end, Math.max(0, ...segments) + 1), records: log.records }
  }

  /** As it lies there, a torn tail left as it is: for those who only read. */
  static async read(disk: Disk): Promise<{ readonly store: Pick<Store, 'readFile' | 'readPayload'>; readonly records: readonly object[] }> {
    const { records, end } = await readLog(disk)
    return { store: new Store({ disk, after: () => () => {}, onFault: () => {} }, end, 0), records }
  }

  get segment(): number {
    return this.#segment
  }

  /** Writes `record` (and `payload`, whose place is added to it), then calls `onDurable`. In order of the calls. */
  commit(record: object, payload: Uint8Array | undefined, onDurable: (record: object) => void): void {
    if (this.#closed) return
    this.#queue.push({ record, payload, onDurable })
    this.#start()
  }

  /** Tries again now, if the disk refused. */
  retry(): void {
    this.#cancelRetry()
    this.#start()
  }

  /** New payloads go to a new segment. Returns its number: all before it are complete. */
  rotate(): number {
    if (!this.#newSegment) {
      this.#segment++
      this.#segmentBytes = 0
      this.#newSegment = true
    }
    return this.#segment
  }

  async removeSegment(segment: number): Promise<void> {
    invariant(segment !== this.#segment, `segment ${segment}: must be closed before it is removed.`)
    await this.#disk.remove(segmentName(segment))
  }

  async readPayload({ segment, offset }: Place, bytes: number): Promise<Uint8Array> {
    const payload = await this.#disk.read(segmentName(segment), offset, bytes)
    if (payload?.length !== bytes) throw new ConfigError(`${segmentName(segment)}: must hold ${bytes} bytes at ${offset}, got ${payload?.length ?? 'no file'}. The state folder is damaged; restore a backup of it, or begin anew with --fresh.`)
    return payload
  }

  /** Writes a content-addressed file durably. */
  async writeFile(hash: string, bytes: Uint8Array): Promise<void> {
    const path = `files/${hash}`, draft = `${path}.draft`
    await this.#disk.write(draft, bytes)
    await this.#disk.sync(draft)
    await this.#disk.rename(draft, path)
    await this.#disk.syncDirectory('files')
    await this.#disk.syncDirectory('')
  }

  readFile(hash: string): Promise<Uint8Array | undefined> {
    return this.#disk.read(`files/${hash}`)
  }

  /** Removes every file and draft that is not in `keep`. */
  async pruneFiles(keep: ReadonlySet<string>): Promise<void> {
    for (const name of await this.#disk.list('files')) if (!keep.has(name)) await this.#disk.remove(`files/${name}`)
  }

  /** Segments on disk. */
  async segments(): Promise<number[]> {
    return (await this.#disk.list('')).map(segmentNumber).filter((n) => n !== undefined)
  }

  /** Finishes what can be written, then lets go of the disk. */
  async close(): Promise<void> {
    while (this.#writing !== undefined && this.#fault === undefined) await this.#writing
    this.#closed = true
    this.#cancelRetry()
    await this.#writing
    await this.#disk.close()
  }

  #start(): void {
    if (this.#writing !== undefined || this.#queue.length === 0 || this.#closed) return
    this.#writing = this.#writeGroup().then((ok) => {
      this.#writing = undefined
      if (ok) this.#start()
    })
  }

  async #writeGroup(): Promise<boolean> {
    const group = this.#queue
    this.#queue = []
    let durable: readonly object[]
    try {
      durable = await this.#write(group)
    } catch (error) {
      this.#queue = [...group, ...this.#queue]
      this.#setFault(describeDiskError(error))
      this.#cancelRetry = this.#options.after(RETRY_MS, () => this.#start())
      return false
    }
    this.#setFault(undefined)
    if (!this.#closed) group.forEach(({ onDurable }, i) => onDurable(durable[i]!))
    return true
  }

  #setFault(fault: string | undefined): void {
    if (fault === this.#fault || this.#closed) return
    const failed = this.#fault !== undefined
    this.#fault = fault
    if (fault !== undefined || failed) this.#options.onFault(fault)
  }

  async #write(group: readonly Commit[]): Promise<readonly object[]> {
    if (this.#fault !== undefined) await this.#cutUnsynced()
    const records = await this.#writePayloads(group)
    const frames = encodeFrames(records, this.#end)
    const isFirst = this.#end.bytes === 0
    await this.#disk.append(LOG, frames.bytes)
    await this.#disk.sync(LOG)
    if (isFirst) await this.#disk.syncDirectory('')
    this.#end = frames.end
    await this.#mark()
    return records
  }

  /** A mark that is behind only detects less damage; the group is durable, so a disk that refuses now shows at the next one. */
  async #mark(): Promise<void> {
    await this.#disk.write(MARK, encodeMark(this.#end.bytes)).catch(() => {})
  }

  /** Payloads first: a record on disk then always finds its payload. */
  async #writePayloads(group: readonly Commit[]): Promise<readonly object[]> {
    const payloads = group.flatMap(({ payload }) => (payload === undefined ? [] : [payload]))
    if (payloads.length === 0) return group.map(({ record }) => record)
    const segment = this.#segment, isNew = this.#newSegment
    let offset = this.#segmentBytes
    const records = group.map(({ record, payload }) => {
      if (payload === undefined) return record
      const placed = { ...record, place: { segment, offset } satisfies Place }
      offset += payload.length
      return placed
    })
    this.#newSegment = false
    for (const payload of payloads) await this.#disk.append(segmentName(segment), payload)
    await this.#disk.sync(segmentName(segment))
    if (isNew) await this.#disk.syncDirectory('')
    if (this.#segment === segment) this.#segmentBytes = offset
    return records
  }

  /** After a failed write nobody knows what reached the disk: what was not synced is cut off and written again. */
  async #cutUnsynced(): Promise<void> {
    await this.#disk.truncate(LOG, this.#end.bytes)
    // The segment may hold bytes of the failed group: leave it to the pruning, and begin another.
    this.#newSegment = false
    this.rotate()
  }
}

export interface LogContents {
  readonly records: readonly object[]
  readonly end: LogEnd
  /** Unsynced bytes after the last whole frame. */
  readonly torn: boolean
}

/** Reads the log without changing anything. */
export async function readLog(disk: Disk): Promise<LogContents> {
  const file = (await disk.read(LOG)) ?? new Uint8Array(0)
  const { records, end, proven } = decodeFrames(file)
  const synced = Math.max(proven, decodeMark((await disk.read(MARK)) ?? new Uint8Array(0)))
  if (end.bytes < synced) {
    const good = (records as { type?: string; version?: number }[]).findLast(({ type }) => type === 'checkpoint')
    throw new ConfigError(`log: must be whole up to byte ${synced}, got damage at byte ${end.bytes}. ${good === undefined ? 'It holds no checkpoint before the damage' : `The last checkpoint before the damage is version ${good.version}`}; restore a backup of the state folder, or begin anew with --fresh.`)
  }
  return { records: records as object[], end, torn: end.bytes < file.length }
}

/** The mark is never synced itself, so it may be torn: the checksum tells. */
const encodeMark = (bytes: number): Uint8Array => {
  const text = String(bytes).padStart(16, '0')
  return Buffer.from(`${text} ${String(crc32(text)).padStart(10, '0')}\n`)
}

function decodeMark(file: Uint8Array): number {
  const [bytes = '', sum] = new TextDecoder().decode(file).trimEnd().split(' ')
  return sum !== undefined && Number(sum) === crc32(bytes) ? Number(bytes) : 0
}

const segmentName = (segment: number): string => `payloads-${segment}`

function segmentNumber(name: string): number | undefined {
  const match = /^payloads-(\d+)$/.exec(name)
  return match === null ? undefined : Number(match[1])
}
