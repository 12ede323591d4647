// Proves from the log alone that no accepted update was lost or applied twice. Independent of the code that wrote it:
// its own bookkeeping, so that a bug there cannot hide itself here.
import { invariant, present } from '../../src/base/errors.ts'
import { inRounds } from '../../src/fed/strategy.ts'
import { createNodeDisk } from '../store/node-disk.ts'
import type { Disk } from '../store/disk.ts'
import { readLog } from '../store/store.ts'
import type { AcceptedRecord, CheckpointRecord, EvaluationRecord, LogRecord, RunRecord, VersionRecord } from './records.ts'

export interface LogReport {
  readonly runId: string
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
  const disk = typeof source === 'string' ? await createNodeDisk(source) : source
  const { records } = await readLog(disk)
  if (typeof source === 'string') await disk.close()
  return verifyRecords(records as readonly LogRecord[])
}

export function verifyRecords(records: readonly LogRecord[]): LogReport {
  const first = records[0]
  invariant(first?.type === 'run', 'log: must begin with the run record.')
  const proof = new Proof(first)
  for (const record of records.slice(1)) proof.add(record)
  return proof.report()
}

class Proof {
  readonly #run: RunRecord
  /** Accepted, not yet in a version. */
  readonly #waiting = new Map<string, AcceptedRecord>()
  readonly #leases = new Set<string>()
  readonly #hashes = new Map<number, string>()
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

  constructor(run: RunRecord) {
    this.#run = run
  }

  /** Each round draws its examples anew: what is an epoch otherwise is a round then. */
  get #inCohorts(): boolean {
    const { partition, strategy } = this.#run.config
    return partition !== undefined && inRounds(strategy.schedule)
  }

  add(record: LogRecord): void {
    switch (record.type) {
      case 'run': return invariant(false, 'log: must hold one run record.')
      case 'incarnation':
        invariant(record.incarnation > this.#incarnation, `incarnation: must rise above ${this.#incarnation}, got ${record.incarnation}.`)
        this.#incarnation = record.incarnation
        this.#incarnations++
        return
      case 'accepted': return this.#accept(record)
      case 'version': return this.#addVersion(record)
      case 'evaluation': return this.#addEvaluation(record)
      case 'checkpoint': return this.#addCheckpoint(record)
      case 'volunteer': case 'control': case 'finished': return
    }
  }

  #accept(record: AcceptedRecord): void {
    const { leaseId, incarnation, numExamples, slices } = record
    invariant(!this.#leases.has(leaseId), `lease ${leaseId}: must be accepted once.`)
    invariant(incarnation === this.#incarnation, `lease ${leaseId}: must be of incarnation ${this.#incarnation}, got ${incarnation}.`)
    invariant(slices.reduce((sum, { count }) => sum + count, 0) === numExamples, `lease ${leaseId}: must have slices of ${numExamples} examples.`)
    this.#leases.add(leaseId)
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
    invariant(modelVersion <= this.#version && this.#hashes.get(modelVersion) === hash, `evaluation: must be of a version that was made, got ${modelVersion} ${hash}.`)
    this.#evaluations++
  }

  #addCheckpoint({ version, modelHash }: CheckpointRecord): void {
    if (version === 0 && !this.#hashes.has(0)) this.#hashes.set(0, modelHash)
    invariant(version <= this.#version && this.#hashes.get(version) === modelHash, `checkpoint: must be of a version that was made, got ${version} ${modelHash}.`)
  }

  report(): LogReport {
    return {
      runId: this.#run.runId, incarnations: this.#incarnations, versions: this.#version, accepted: this.#accepted, pending: [...this.#waiting.keys()],
      examples: this.#examples, epochsDone: this.#inCohorts ? this.#version : this.#epochsDone, evaluations: this.#evaluations, hash: this.#hashes.get(this.#version) ?? '',
    }
  }
}
