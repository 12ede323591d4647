// How long a coordinator takes to go on from what its folder holds: a log and payloads since the last checkpoint, written here as
// a run writes them, then opened as `npm start` opens it, with its threads. Every payload is hashed and added again, every
// version made again and compared.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { resolveCodec } from '../../../src/codec/index.ts'
import { createRng } from '../../../src/base/rng.ts'
import { initialParams, layoutOf } from '../../../src/model/initial-params.ts'
import { realClock } from '../../../src/volunteer/real-clock.ts'
import { hashOfShards, openRun } from '../../../server/coordinator/open-run.ts'
import { take } from '../../../server/coordinator/pool.ts'
import type { AcceptedRecord, LogRecord } from '../../../server/coordinator/records.ts'
import { RunFold } from '../../../server/coordinator/run-fold.ts'
import { orderOf } from '../../../server/coordinator/leases.ts'
import { resolveSettings } from '../../../server/coordinator/settings.ts'
import { createInlineEvaluator } from '../../../server/numeric/inline.ts'
import { numericSetup } from '../../../server/numeric/setup.ts'
import { createNumericThreads } from '../../../server/numeric/threads.ts'
import { sha256 } from '../../../server/sha256.ts'
import { createNodeDisk } from '../../../server/store/node-disk.ts'
import { Store } from '../../../server/store/store.ts'
import { benchFolder, benchSetup, WORKER, type BenchRunOptions, type BenchSetup } from './bench-run.ts'
import type { AddRow, Row } from './row.ts'

/** Within which 1 GB is to be recovered. */
const TARGET_MS = 10_000
const BATCH = 64
const PAYLOADS = 8
const REPETITIONS = 3

interface Case {
  readonly name: string
  readonly features: number
  readonly hidden: readonly number[]
  readonly updates: number
  readonly updatesPerVersion: number
  readonly target?: number
}

const CASES: readonly Case[] = [
  { name: '1 GB of 2NN updates, in rounds of ten', features: 784, hidden: [200, 200], updates: 1_350, updatesPerVersion: 10, target: TARGET_MS },
  { name: '1 GB of 2NN updates, a version each', features: 784, hidden: [200, 200], updates: 1_350, updatesPerVersion: 1, target: TARGET_MS },
  // About as many as come between two checkpoints.
  { name: 'small updates, in rounds of 50', features: 8, hidden: [], updates: 190_000, updatesPerVersion: 50, target: TARGET_MS },
]

export async function measureRecovery(add: AddRow): Promise<void> {
  for (const each of CASES) add(await measureCase(each))
}

async function measureCase({ name, features, hidden, updates, updatesPerVersion, target }: Case): Promise<Row> {
  const options: BenchRunOptions = {
    name: 'bench-recovery', features, hidden, trainExamples: BATCH * updatesPerVersion * 16, batchSize: BATCH,
    schedule: { type: 'synchronous', examplesPerRound: BATCH * updatesPerVersion, deadlineMs: 600_000, quorum: 1 },
  }
  const setup = await benchSetup(options)
  const dir = benchFolder(options.name)
  try {
    const bytes = await writeRun(dir, setup, { updates, updatesPerVersion })
    const times: number[] = []
    for (let i = 0; i < REPETITIONS; i++) times.push(await openOnce(dir, setup, updates))
    const fastest = Math.min(...times)
    return {
      name: `recovery: ${name}`, value: `${(fastest / 1000).toFixed(2)} s`, ...(target === undefined ? {} : { target: `${target / 1000} s`, reached: fastest < target }),
      notes: `fastest of ${REPETITIONS}: ${(bytes / 1e9).toFixed(2)} GB of log and payloads since the checkpoint, ${updates.toLocaleString('en')} updates, ${Math.ceil(updates / updatesPerVersion).toLocaleString('en')} versions; ${(bytes / 1e6 / fastest).toFixed(2)} GB/s`,
      figures: { fastestMs: fastest, slowestMs: Math.max(...times), bytes, updates },
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Opens the run, looks whether all is there, and leaves the folder as it was. */
async function openOnce(dir: string, setup: BenchSetup, updates: number): Promise<number> {
  const begun = performance.now()
  const host = await openRun({ dir, ...setup, clock: realClock, numeric: createNumericThreads(WORKER), evaluator: createInlineEvaluator() })
  const ms = performance.now() - begun
  const { accepted } = host.status()
  if (accepted !== updates) throw new Error(`recovery: must find ${updates} updates, got ${accepted}.`)
  await host.close()
  // Closing has taken a checkpoint: the next one shall find what this one found.
  for (const path of ['logs/2', 'log.synced']) rmSync(join(dir, path))
  return ms
}

/** Returns the bytes of log and payloads. */
async function writeRun(dir: string, { config, dataset, model }: BenchSetup, { updates, updatesPerVersion }: { readonly updates: number; readonly updatesPerVersion: number }): Promise<number> {
  const layout = layoutOf(model)
  const dataHash = hashOfShards(dataset.manifest)
  const settings = resolveSettings(config.name, config, { manifest: dataset.manifest, hash: dataHash }, layout)
  const numeric = createNumericThreads(WORKER)
  const snapshot = await numeric.open(numericSetup(config, layout), { params: initialParams(model, config.seed) })
  const { file, bytes } = await numeric.checkpoint()
  const store = await Store.open({ disk: await createNodeDisk(dir), from: 1, take: () => {}, after: () => () => {}, onFault: (fault) => { throw new Error(fault) } })
  await store.writeFile(file, bytes)
  const fold = new RunFold(settings, undefined)
  let written = 0
  const write = (record: LogRecord, payload?: Uint8Array): void => {
    fold.add(record)
    written += JSON.stringify(record).length + (payload?.length ?? 0)
    store.commit(record, payload, () => {})
  }
  write({ type: 'run', formatVersion: 2, runId: config.name, config, trainShards: settings.shards.train, dataHash })
  write({ type: 'checkpoint', version: 0, modelHash: snapshot.hash, file, bytes: bytes.length, log: 1, segment: 1, replaySegments: [], at: { version: 0, examples: 0, accepted: 0 } })
  write({ type: 'incarnation', incarnation: 1 })
  const rng = createRng(1)
  const payloads = Array.from({ length: PAYLOADS }, () => {
    const payload = resolveCodec('f32').codec.encode(Float32Array.from({ length: layout.packedSize }, () => rng.uniform() - 0.5), rng).slice()
    return { payload, hash: sha256(payload) }
  })
  for (let grant = 1; grant <= updates;) {
    const version = fold.state.version + 1
    const leases: string[] = []
    for (; leases.length < updatesPerVersion && grant <= updates; grant++) {
      const { payload, hash } = payloads[grant % PAYLOADS]!
      const record = acceptedRecord(fold, grant, { payloadHash: hash, payloadBytes: payload.length })
      const verdict = await numeric.check(record.leaseId, hash, payload)
      if (!verdict.ok) throw new Error(verdict.message)
      numeric.accumulate(record.leaseId, { weight: record.weight, numExamples: BATCH, modelVersion: record.modelVersion, order: orderOf(record.leaseId) })
      write(record, payload)
      leases.push(record.leaseId)
    }
    const { hash, totalWeight } = await numeric.apply(version, 1024)
    write({ type: 'version', version, hash, leases, totalWeight, examples: fold.state.examples, seconds: version / 10 })
    await store.settled()
  }
  await store.close()
  await numeric.close()
  return written
}

function acceptedRecord(fold: RunFold, grant: number, payload: { readonly payloadHash: string; readonly payloadBytes: number }): AcceptedRecord {
  const [pool] = fold.state.epochs
  const slices = take(structuredClone(pool!), BATCH, pool!.order)
  return {
    type: 'accepted', leaseId: `1-${grant}`, grant, incarnation: 1, volunteerId: `volunteer-${grant % 50}`, epoch: pool!.epoch, slices, numExamples: BATCH,
    modelVersion: fold.state.version, staleness: 0, weight: BATCH, ...payload, clampedElements: 0, metrics: { lossSum: 100.125, correct: 12, examples: BATCH },
    // Where the store puts it: one segment, one after the other.
    place: { segment: 1, offset: (grant - 1) * payload.payloadBytes },
  }
}
