// The truth on disk: an append-only log (log.ts), payloads of updates in segments beside it, and content-addressed files
// (files.ts). Commits are grouped: while one is being synced the next ones gather, and share one sync. A checkpoint is a
// group of its own, which begins a new file of the log.
import { invariant } from '../../src/base/errors.ts'
import { describeDiskError, type Disk } from './disk.ts'
import { FILES, payloadSegments, segmentPath, writeContent, type Place } from './files.ts'
import { encodeFrames } from './frames.ts'
import { encodeMark, logFiles, logPath, LOGS, MARK, readLog, type LogTail } from './log.ts'

const RETRY_MS = 2_000

interface Commit {
  readonly record: object
  readonly payload: Uint8Array | undefined
  readonly onDurable: (record: object) => void
}

/** What begins a new file of the log: its first record, and a file that this record names. */
export interface Beginning {
  readonly record: object
  readonly file: { readonly hash: string; readonly bytes: Uint8Array }
}

interface BeginCommit {
  readonly make: (log: number) => Beginning
  readonly onDurable: (record: object) => void
}

export interface StoreOptions {
  readonly disk: Disk
  /** Calls back after a while; for trying again when the disk refuses. */
  readonly after: (delayMs: number, run: () => void) => () => void
  /** The disk refuses (why, for people), or works again. */
  readonly onFault: (fault: string | undefined) => void
  /** File of the log to read from, and who takes its records. */
  readonly from: number
  readonly take: (records: readonly object[]) => void | Promise<void>
}

export class Store {
  readonly #disk: Disk
  readonly #options: StoreOptions
  #queue: (Commit | BeginCommit)[] = []
  #writing: Promise<void> | undefined
  #marking: Promise<void> | undefined
  #fault: string | undefined
  /** Content-addressed files of this life that no durable record has named yet: a checkpoint may be taken while what an earlier one made unnecessary is removed. */
  readonly #fresh = new Set<string>()
  #cancelRetry: () => void = () => {}
  #closed = false
  /** What is durable of the log, and of the open segment. */
  #tail: LogTail
  #segment: number
  #segmentBytes = 0
  #newSegment = true

  private constructor(options: StoreOptions, tail: LogTail, segment: number) {
    this.#options = options
    this.#disk = options.disk
    this.#tail = tail
    this.#segment = segment
  }

  /** Reads the log. A torn tail is cut off; damage inside what was synced throws DamageError. */
  static async open(options: StoreOptions): Promise<Store> {
    const { disk } = options
    const tail = await readLog(disk, options.from, options.take)
    if (tail.torn) await cutTail(disk, tail)
    // A segment may hold bytes that no record names; new payloads go to a new one.
    return new Store(options, tail, Math.max(0, ...await payloadSegments(disk)) + 1)
  }

  get segment(): number {
    return this.#segment
  }

  /** Writes `record` (and `payload`, whose place is added to it), then calls `onDurable`. In order of the calls. */
  commit(record: object, payload: Uint8Array | undefined, onDurable: (record: object) => void): void {
    this.#push({ record, payload, onDurable })
  }

  /** Begins a new file of the log. `make` is called when all earlier commits are durable and told, again where the disk refused. */
  begin(make: BeginCommit['make'], onDurable: BeginCommit['onDurable']): void {
    this.#push({ make, onDurable })
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

  writeFile(hash: string, bytes: Uint8Array): Promise<void> {
    this.#fresh.add(hash)
    return writeContent(this.#disk, hash, bytes)
  }

  /** Removes what is not needed: files of the log, content-addressed files and drafts, payload segments. In this order, so that what is left of it at any moment is a run. */
  async prune(isNeeded: { readonly segment: (segment: number) => boolean; readonly file: (hash: string) => boolean; readonly log: (file: number) => boolean }): Promise<void> {
    for (const file of await logFiles(this.#disk)) if (file < this.#tail.file && !isNeeded.log(file)) await this.#disk.remove(logPath(file))
    for (const name of await this.#disk.list(FILES)) {
      const hash = name.replace(/\.draft$/, '')
      if (isNeeded.file(name)) this.#fresh.delete(hash)
      else if (!this.#fresh.has(hash)) await this.#disk.remove(`${FILES}/${name}`)
    }
    for (const segment of await payloadSegments(this.#disk)) if (segment < this.#segment && !isNeeded.segment(segment)) await this.#disk.remove(segmentPath(segment))
  }

  /** When all is durable that was asked for, or the disk refuses. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined && this.#fault === undefined) await this.#writing
  }

  /** Finishes what can be written, then lets go of the disk. */
  async close(): Promise<void> {
    await this.settled()
    this.#closed = true
    this.#cancelRetry()
    await this.#writing
    await this.#marking
    await this.#disk.close()
  }

  #push(commit: Commit | BeginCommit): void {
    if (this.#closed) return
    this.#queue.push(commit)
    this.#start()
  }

  #start(): void {
    if (this.#writing !== undefined || this.#queue.length === 0 || this.#closed) return
    this.#writing = this.#writeGroup().then((ok) => {
      this.#writing = undefined
      if (ok) this.#start()
    })
  }

  /** What is written with one sync: all that waits, up to a beginning, which is alone. */
  #nextGroup(): readonly (Commit | BeginCommit)[] {
    const at = this.#queue.findIndex((commit) => 'make' in commit)
    return this.#queue.splice(0, at === -1 ? this.#queue.length : Math.max(1, at))
  }

  async #writeGroup(): Promise<boolean> {
    const group = this.#nextGroup()
    let durable: readonly object[]
    try {
      if (this.#fault !== undefined) await this.#cutUnsynced()
      durable = await this.#write(group)
    } catch (error) {
      this.#queue = [...group, ...this.#queue]
      this.#setFault(describeDiskError(error))
      this.#cancelRetry = this.#options.after(RETRY_MS, () => this.#start())
      return false
    }
    this.#setFault(undefined)
    if (!this.#closed) group.forEach(({ onDurable }, i) => onDurable(durable[i]!))
    this.#syncMark()
    return true
  }

  #setFault(fault: string | undefined): void {
    if (fault === this.#fault || this.#closed) return
    const failed = this.#fault !== undefined
    this.#fault = fault
    if (fault !== undefined || failed) this.#options.onFault(fault)
  }

  async #write(group: readonly (Commit | BeginCommit)[]): Promise<readonly object[]> {
    const [first] = group
    const durable = first !== undefined && 'make' in first ? [await this.#writeBeginning(first)] : await this.#writeRecords(group as readonly Commit[])
    // A mark that is behind only detects less damage; the group is durable, so a disk that refuses now shows at the next one.
    await this.#disk.write(MARK, encodeMark(this.#tail.end.bytes)).catch(() => {})
    return durable
  }

  async #writeRecords(group: readonly Commit[]): Promise<readonly object[]> {
    const records = await this.#writePayloads(group)
    const frames = encodeFrames(records, this.#tail.end)
    const path = logPath(this.#tail.file)
    await this.#disk.append(path, frames.bytes)
    await this.#disk.sync(path)
    if (this.#tail.end.bytes === 0) await this.#syncNames()
    this.#tail = { ...this.#tail, end: frames.end }
    return records
  }

  async #writeBeginning({ make }: BeginCommit): Promise<object> {
    const file = this.#tail.file + 1
    const { record, file: { hash, bytes } } = make(file)
    await this.writeFile(hash, bytes)
    const frames = encodeFrames([record], this.#tail.end)
    // Replaces what an attempt that failed left.
    await this.#disk.write(logPath(file), frames.bytes)
    await this.#disk.sync(logPath(file))
    await this.#syncNames()
    this.#tail = { end: frames.end, file, base: this.#tail.end.bytes, torn: false }
    return record
  }

  async #syncNames(): Promise<void> {
    await this.#disk.syncDirectory(LOGS)
    await this.#disk.syncDirectory('')
  }

  /**
   * Makes the mark durable whenever there is nothing else to do. While there is, the frames of later groups say the same.
   * So what was acknowledged a moment ago is told from a torn tail even after a power cut.
   */
  #syncMark(): void {
    if (this.#queue.length > 0 || this.#marking !== undefined || this.#closed) return
    this.#marking = this.#disk.sync(MARK).catch(() => {}).finally(() => { this.#marking = undefined })
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
    await this.#disk.append(segmentPath(segment), ...payloads)
    await this.#disk.sync(segmentPath(segment))
    if (isNew) await this.#disk.syncDirectory('')
    if (this.#segment === segment) this.#segmentBytes = offset
    return records
  }

  /** After a failed write nobody knows what reached the disk: what was not synced is cut off and written again. */
  async #cutUnsynced(): Promise<void> {
    const { end, file, base } = this.#tail
    await this.#disk.truncate(logPath(file), end.bytes - base)
    // The segment may hold bytes of the failed group: leave it to the pruning, and begin another.
    this.#newSegment = false
    this.rotate()
  }
}

/** Cuts a torn tail off, files of nothing else included. */
async function cutTail(disk: Disk, { end, file, base }: LogTail): Promise<void> {
  for (const later of (await logFiles(disk)).reverse()) if (later > file) await disk.remove(logPath(later))
  await disk.truncate(logPath(file), end.bytes - base)
  await disk.sync(logPath(file))
  await disk.syncDirectory(LOGS)
  invariant(end.bytes >= base, `${logPath(file)}: must end behind its beginning.`)
}
