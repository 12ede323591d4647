// Proves from the log alone that no accepted update was lost or applied twice. Independent of the code that wrote it:
// its own bookkeeping, so that a bug there cannot hide itself here. Reads the log once, in little memory however long it is.
import { invariant, present } from '../../src/base/errors.ts'
import { inRounds } from '../../src/fed/strategy.ts'
import type { Disk } from '../store/disk.ts'
import { readContent } from '../store/files.ts'
import { DamageError, firstOfUnbroken, firstRecords, logFiles, logPath, readLog, refuseFormerLog } from '../store/log.ts'
import { createNodeDisk } from '../store/node-disk.ts'
import { LeaseSet } from './lease-set.ts'
import type { AcceptedRecord, CheckpointRecord, EvaluationRecord, LogRecord, RunRecord, VersionRecord } from './records.ts'
import { decodeStateFile, type StateFile } from './state-file.ts'

export interface LogReport {
  readonly runId: string
  /** Version from which on it is proved: 0, or a checkpoint's where the log before it is not kept. */
  readonly since: number
  readonly incarnations: number
  readonly versions: number
  readonly accepted: number
  /** Accepted and durable, to be part of the next version. */
  readonly pending: readonly string[]
  readonly examples: number
  readonly epochsDone: number
  readonly evaluations: number
  /** SHA-256 of the params of the last version. */
  readonly hash: string
}

/** `source` is a run's folder or its disk. Throws InvariantError naming the first broken rule, ConfigError on a damaged log. */
export async function verifyLog(source: string | Disk): Promise<LogReport> {
  if (typeof source !== 'string') return verifyDisk(source)
  const disk = await createNodeDisk(source)
  return verifyDisk(disk).finally(() => disk.close())
}

async function verifyDisk(disk: Disk): Promise<LogReport> {
  const from = firstOfUnbroken(await logFiles(disk))
  const [first] = (await firstRecords(disk, from, 1)) as readonly LogRecord[]
  if (first === undefined) {
    await refuseFormerLog(disk)
    throw new DamageError(`${logPath(from)}: must hold records, got none. Restore a backup of the state folder (commonweight restore FILE).`)
  }
  const proof = first.type === 'checkpoint' ? Proof.since(await knownAt(disk, first), first) : new Proof()
  await readLog(disk, from, (records) => {
    for (const record of records as readonly LogRecord[]) proof.add(record)
  })
  return proof.report()
}

async function knownAt(disk: Disk, { version, state = '' }: CheckpointRecord): Promise<StateFile> {
  const bytes = await readContent(disk, state)
  if (bytes === undefined) throw new DamageError(`files/${state}: must hold what the checkpoint of version ${version} knew, got damage or no file. The log before it is not kept, so nothing can be proved; restore a backup.`)
  return decodeStateFile(bytes)
}

export function verifyRecords(records: readonly LogRecord[]): LogReport {
  const proof = new Proof()
  for (const record of records) proof.add(record)
  return proof.report()
}

class Proof {
  #begun: RunRecord | undefined
  #since = 0
  /** Accepted, not yet in a version. */
  readonly #waiting = new Map<string, AcceptedRecord>()
  readonly #leases = new LeaseSet()
  /** Of versions that a checkpoint or an evaluation may still be of. */
  readonly #hashes = new Map<number, string>()
  #oldestHash = 0
  #evaluated = 0
  #checkpointed = 0
  /** One byte an example for each epoch that is not complete. */
  readonly #epochs = new Map<number, { readonly taken: readonly Uint8Array[]; left: number }>()
  #epochsDone = 0
  #incarnation = 0
  #incarnations = 0
  #version = 0
  #accepted = 0
  #examples = 0
  #evaluations = 0
  #seconds = 0

  /** What a checkpoint knew is taken as it is: what came before it is not there to prove it. */
  static since({ run, state, replay }: StateFile, { at }: CheckpointRecord): Proof {
    const proof = new Proof()
    proof.#begun = run
    proof.#since = at.version
    const made = new Set(replay.flatMap((record) => (record.type === 'version' ? record.leases : [])))
    for (const record of replay) if (record.type === 'accepted' && !made.has(record.leaseId)) proof.#waiting.set(record.leaseId, record)
    proof.#incarnation = state.incarnation
    proof.#version = state.version
    proof.#accepted = state.accepted
    // Of the versions; those accepted since count when they are part of one.
    proof.#examples = state.versionExamples
    proof.#hashes.set(state.version, state.modelHash)
    proof.#oldestHash = state.version
    for (const { epoch, free } of state.epochs) {
      const taken = run.trainShards.map((examples, shard) => {
        const bytes = new Uint8Array(examples).fill(1)
        for (const { start, count } of free[shard] ?? []) bytes.fill(0, start, start + count)
        return bytes
      })
      proof.#epochs.set(epoch, { taken, left: free.flat().reduce((sum, { count }) => sum + count, 0) })
    }
    proof.#epochsDone = state.epochs[0]?.epoch ?? state.epochsOpened
    return proof
  }

  get #run(): RunRecord {
    invariant(this.#begun !== undefined, 'log: must begin with the run record.')
    return this.#begun
  }

  /** Each round draws its examples anew: what is an epoch otherwise is a round then. */
  get #inCohorts(): boolean {
    const { partition, strategy } = this.#run.config
    return partition !== undefined && inRounds(strategy.schedule)
  }

  add(record: LogRecord): void {
    switch (record.type) {
      case 'run':
        invariant(this.#begun === undefined, 'log: must hold one run record.')
        this.#begun = record
        return
      case 'incarnation':
        invariant(this.#begun !== undefined, 'log: must begin with the run record.')
        invariant(record.incarnation > this.#incarnation, `incarnation: must rise above ${this.#incarnation}, got ${record.incarnation}.`)
        this.#incarnation = record.incarnation
        this.#incarnations++
        return
      case 'accepted': return this.#accept(record)
      case 'version': return this.#addVersion(record)
      case 'evaluation': return this.#addEvaluation(record)
      case 'checkpoint': return this.#addCheckpoint(record)
      case 'volunteer': case 'control': case 'forgotten': case 'finished': return
    }
  }

  #accept(record: AcceptedRecord): void {
    const { leaseId, incarnation, numExamples, slices } = record
    invariant(this.#leases.add(leaseId), `lease ${leaseId}: must be accepted once.`)
    invariant(incarnation === this.#incarnation, `lease ${leaseId}: must be of incarnation ${this.#incarnation}, got ${incarnation}.`)
    invariant(slices.reduce((sum, { count }) => sum + count, 0) === numExamples, `lease ${leaseId}: must have slices of ${numExamples} examples.`)
    this.#waiting.set(leaseId, record)
    this.#accepted++
    this.#takeExamples(record)
  }

  #takeExamples({ leaseId, epoch, slices, numExamples }: AcceptedRecord): void {
    // Runs without rounds may begin an epoch while the last examples of the one before are still out.
    const early = inRounds(this.#run.config.strategy.schedule) ? 0 : 1
    const first = this.#inCohorts ? this.#version : this.#epochsDone
    invariant(epoch >= first && epoch <= first + early, `lease ${leaseId}: must be of an open epoch, got ${epoch} with ${first} done.`)
    const shards = this.#run.trainShards
    const state = this.#epochs.get(epoch) ?? { taken: shards.map((examples) => new Uint8Array(examples)), left: shards.reduce((a, b) => a + b, 0) }
    this.#epochs.set(epoch, state)
    for (const { shard, start, count } of slices) {
      const taken = present(state.taken[shard], `shard ${shard}`)
      invariant(start + count <= taken.length, `lease ${leaseId}: must lie in shard ${shard} of ${taken.length} examples, got ${start}..${start + count}.`)
      for (let i = start; i < start + count; i++) {
        invariant(taken[i] === 0, `example ${i} of shard ${shard}: must be accepted once in epoch ${epoch}, lease ${leaseId} is the second.`)
        taken[i] = 1
      }
    }
    state.left -= numExamples
    if (!this.#inCohorts) while (this.#epochs.get(this.#epochsDone)?.left === 0) this.#epochs.delete(this.#epochsDone++)
  }

  #addVersion(record: VersionRecord): void {
    const { version, leases, totalWeight, hash, examples, seconds } = record
    invariant(version === this.#version + 1, `version: must follow ${this.#version}, got ${version}.`)
    invariant(leases.length > 0, `version ${version}: must be made of at least one lease.`)
    invariant(seconds >= this.#seconds, `version ${version}: must not be earlier than ${this.#seconds} s, got ${seconds} s.`)
    let weight = 0
    for (const lease of leases) {
      const update = this.#waiting.get(lease)
      invariant(update !== undefined, `version ${version}: must be of accepted updates that are in no other version, got lease ${lease}.`)
      this.#waiting.delete(lease)
      this.#checkStaleness(version, update)
      weight += update.weight
      this.#examples += update.numExamples
    }
    invariant(weight === totalWeight, `version ${version}: must have the total weight ${weight} of its leases, got ${totalWeight}.`)
    invariant(examples === this.#examples, `version ${version}: must count ${this.#examples} examples, got ${examples}.`)
    if (this.#inCohorts) this.#epochs.delete(this.#version)
    this.#version = version
    this.#seconds = seconds
    this.#hashes.set(version, hash)
  }

  #checkStaleness(version: number, { leaseId, modelVersion, staleness }: AcceptedRecord): void {
    const { schedule } = this.#run.config.strategy
    const bound = inRounds(schedule) ? 0 : schedule.maxStaleness
    invariant(version - 1 - modelVersion === staleness && staleness >= 0 && staleness <= bound, `lease ${leaseId}: must have a staleness of ${version - 1 - modelVersion}, at most ${bound}, got ${staleness}.`)
  }

  #addEvaluation({ modelVersion, hash }: EvaluationRecord): void {
    // What came before the proof begins is not known.
    if (modelVersion >= this.#since) invariant(modelVersion <= this.#version && this.#hashes.get(modelVersion) === hash, `evaluation: must be of a version that was made, got ${modelVersion} ${hash}.`)
    this.#evaluations++
    this.#evaluated = modelVersion
    this.#forgetHashes()
  }

  #addCheckpoint({ version, modelHash, at }: CheckpointRecord): void {
    if (version === 0 && !this.#hashes.has(0)) this.#hashes.set(0, modelHash)
    if (version >= this.#since) invariant(version <= this.#version && this.#hashes.get(version) === modelHash, `checkpoint: must be of a version that was made, got ${version} ${modelHash}.`)
    this.#checkpointed = version
    this.#forgetHashes()
    const waiting = [...this.#waiting.values()].reduce((sum, { numExamples }) => sum + numExamples, 0)
    const here = { version: this.#version, examples: this.#examples + waiting, accepted: this.#accepted }
    invariant(at.version === here.version && at.examples === here.examples && at.accepted === here.accepted, `checkpoint of version ${version}: must be taken at ${JSON.stringify(here)}, got ${JSON.stringify(at)}.`)
  }

  /** Evaluations and checkpoints are of the same or of newer versions each time. */
  #forgetHashes(): void {
    for (const end = Math.min(this.#evaluated, this.#checkpointed); this.#oldestHash < end; this.#oldestHash++) this.#hashes.delete(this.#oldestHash)
  }

  report(): LogReport {
    return {
      runId: this.#run.runId, since: this.#since, incarnations: this.#incarnations, versions: this.#version, accepted: this.#accepted, pending: [...this.#waiting.keys()],
      examples: this.#examples, epochsDone: this.#inCohorts ? this.#version : this.#epochsDone, evaluations: this.#evaluations, hash: this.#hashes.get(this.#version) ?? '',
    }
  }
}
