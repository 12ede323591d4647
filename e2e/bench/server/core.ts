// How fast updates are decoded, checked, clipped and summed: no socket, no disk. Gigabytes of f32 whatever the codec, so that they compare:
// four bytes for each element.
import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createRng } from '../../../src/base/rng.ts'
import { resolveCodec } from '../../../src/codec/index.ts'
import { addExact, createExactSum } from '../../../src/fed/exact-sum.ts'
import { checkPayload } from '../../../server/numeric/check.ts'
import { Inspector } from '../../../server/numeric/inspector.ts'
import { KernelSum } from '../../../server/numeric/kernel-sum.ts'
import { compileNumericKernels, encodingOf } from '../../../server/numeric/kernels.ts'
import type { Numeric, NumericSetup } from '../../../server/numeric/numeric.ts'
import { createSharedMemory, payloadBytesOf, planMemory, SPARE_SLOTS } from '../../../server/numeric/shared-memory.ts'
import { createNumericThreads } from '../../../server/numeric/threads.ts'
import { sha256 } from '../../../server/sha256.ts'
import { fastestMs, gbPerSecond, type AddRow, type Row } from './row.ts'

const WORKER = join(import.meta.dirname, 'numeric-worker.js')
const EXACT_SUM = { bound: 16, quantumBits: 28 }
/** Of the zoo: mnist-mlp, fedavg-cnn, resnet-50. */
const SIZES = [203_530, 1_663_370, 25_557_032]
const CODECS = ['f32', 'f16', 'int8']
/** Updates that are there at once. */
const UPDATES = 8
const MEASURED_MS = 3_000
const ROUNDS = 3
const ROUND_MS = 1_000

const setup = (size: number, codec: string): NumericSetup => ({
  size, trainedSize: size, seed: 1, batchSize: 64, local: { type: 'gradient' }, corrections: [], parts: 1, maxStaleness: 0, held: UPDATES, codec, aggregator: 'weighted-mean',
  exactSum: EXACT_SUM, optimizer: { name: 'sgd', learningRate: 0.1 }, learningRateSchedule: { name: 'constant' },
})

/** Some elements lie beyond the bound, as in a run that is clipped. */
function updateOf(size: number, codec: string): Uint8Array {
  const rng = createRng(size)
  const values = new Float32Array(size)
  for (let i = 0; i < size; i++) values[i] = i % 1000 === 0 ? 20 : rng.uniform() - 0.5
  return resolveCodec(codec).codec.encode(values, rng)
}

export async function measureCore(add: AddRow): Promise<void> {
  add(copyRow())
  add(hashRow())
  for (const size of SIZES) {
    for (const codec of CODECS) {
      const payload = updateOf(size, codec)
      add(await kernelRow(size, codec, payload))
      add(await threadsRow(size, codec, payload))
    }
    if (size === SIZES[1]) add(plainRow(size, updateOf(size, 'f32')))
  }
}

function copyRow(): Row {
  const from = new Uint8Array(256 * 2 ** 20).fill(1), to = new Uint8Array(from.length).fill(2)
  const rate = gbPerSecond(from.length, fastestMs(MEASURED_MS, () => to.set(from)))
  return { name: 'memory copy', value: `${rate.toFixed(1)} GB/s`, notes: 'of 256 MB by one core: bytes copied, each read once and written once', figures: { gbPerSecond: rate } }
}

function hashRow(): Row {
  const bytes = new Uint8Array(16 * 2 ** 20).fill(7)
  const rate = gbPerSecond(bytes.length, fastestMs(MEASURED_MS, () => createHash('sha256').update(bytes).digest()))
  return { name: 'SHA-256 alone', value: `${rate.toFixed(2)} GB/s`, notes: 'one core', figures: { gbPerSecond: rate } }
}

/** One core, one thread: what the threads do, less the hash and the messages between them. */
async function kernelRow(size: number, codec: string, payload: Uint8Array): Promise<Row> {
  const layout = planMemory({ size, payloadBytes: payloadBytesOf(codec, size), held: UPDATES, summed: true })
  const shared = createSharedMemory(await compileNumericKernels(), layout), encoding = encodingOf(codec)!
  const inspector = new Inspector({ ...shared, encoding, payloadSize: size, normSize: 0, bound: EXACT_SUM.bound, index: 0 })
  const engine = new KernelSum({ ...shared, size, payloadSize: size, encoding, exactSum: EXACT_SUM })
  const slots = Array.from({ length: UPDATES }, (_, i) => new Uint8Array(shared.memory.buffer, layout.slots + i * layout.slotBytes, payload.length))
  for (const slot of slots) slot.set(payload)
  const inspect = (): void => {
    for (const slot of slots) {
      inspector.begin(slot)
      inspector.advance(slot.length)
    }
  }
  const add = (): void => {
    for (const slot of slots) engine.add(slot, { weight: 1, factor: 1 })
    engine.settle()
    // Weights are small beside what the sum could hold, but this is done often.
    if (engine.sums[0]! > 2 ** 51) engine.sums.fill(0)
  }
  const bytes = UPDATES * size * 4
  const check = gbPerSecond(bytes, fastestMs(MEASURED_MS / 3, inspect)), sum = gbPerSecond(bytes, fastestMs(MEASURED_MS / 3, add))
  const both = gbPerSecond(bytes, fastestMs(MEASURED_MS / 3, () => { inspect(); add() }))
  return {
    name: `check, clip, sum: ${codec}, ${millions(size)}`, value: `${both.toFixed(1)} GB/s of f32`,
    notes: `one core, without the hash: check alone ${check.toFixed(1)}, clip and sum alone ${sum.toFixed(1)}; ${UPDATES} updates in a pass`,
    ...(codec === 'f32' ? { target: '2 GB/s on 2 cores', reached: both >= 2 } : {}), figures: { gbPerSecond: both, check, sum },
  }
}

/** All of it in the threads of a run, as it is in production but for socket and disk. */
async function threadsRow(size: number, codec: string, payload: Uint8Array): Promise<Row> {
  // No more slots than are filled here.
  const numeric = createNumericThreads(WORKER, { payloadBudget: 0 })
  await numeric.open({ ...setup(size, codec), held: UPDATES - SPARE_SLOTS }, { params: new Float32Array(size) })
  const slots = await Promise.all(Array.from({ length: UPDATES }, () => numeric.reserve(payload.length)))
  for (const slot of slots) {
    slot.set(payload)
    numeric.release(slot)
  }
  const stream = { numeric, payloadBytes: payload.length, hash: sha256(payload), next: 0 }
  await passThrough(stream, ROUND_MS)
  const rounds: { readonly wall: number; readonly perCore: number }[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    const begun = performance.now(), cpu = process.cpuUsage()
    const bytes = await passThrough(stream, ROUND_MS) * size * 4
    const { user, system } = process.cpuUsage(cpu)
    rounds.push({ wall: gbPerSecond(bytes, performance.now() - begun), perCore: gbPerSecond(bytes, (user + system) / 1000) })
  }
  await numeric.close()
  const best = rounds.reduce((a, each) => (each.wall > a.wall ? each : a)), packed = payload.length / (size * 4)
  return {
    name: `the same with SHA-256: ${codec}, ${millions(size)}`, value: `${best.wall.toFixed(2)} GB/s of f32`,
    notes: `threads of a run on ${availableParallelism()} cores, best of ${ROUNDS} rounds of ${ROUND_MS / 1000} s: hash, check, clip, sum and messages; ${best.perCore.toFixed(2)} GB for each second of a core; ${(best.wall * packed).toFixed(2)} GB/s of payloads`,
    figures: { gbPerSecond: best.wall, gbPerCoreSecond: best.perCore, payloadGbPerSecond: best.wall * packed },
  }
}

interface Stream {
  readonly numeric: Numeric
  readonly payloadBytes: number
  readonly hash: string
  next: number
}

/** Updates that were checked and summed by then. */
async function passThrough(stream: Stream, forMs: number): Promise<number> {
  const { numeric, payloadBytes, hash } = stream
  const endsAt = performance.now() + forMs
  let updates = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      const memory = await numeric.reserve(payloadBytes)
      const order = ++stream.next, leaseId = `1-${order}`
      const verdict = await numeric.check(leaseId, hash, memory)
      if (!verdict.ok) throw new Error(verdict.message)
      numeric.accumulate(leaseId, { weight: 1, numExamples: 1, order, modelVersion: 0 })
      updates++
    }
  }
  await Promise.all(Array.from({ length: UPDATES }, lane))
  // All slots are free again when all is summed.
  const slots = await Promise.all(Array.from({ length: UPDATES }, () => numeric.reserve(payloadBytes)))
  for (const slot of slots) numeric.release(slot)
  return updates
}

/** What the same costs without kernels. */
function plainRow(size: number, payload: Uint8Array): Row {
  const { codec } = resolveCodec('f32')
  const sum = createExactSum(size, EXACT_SUM), hash = sha256(payload)
  const rate = gbPerSecond(size * 4, fastestMs(MEASURED_MS, () => {
    const { values } = checkPayload({ codec, payloadSize: size, bound: EXACT_SUM.bound }, hash, payload)
    addExact(sum, values!, 1)
  }))
  return { name: `plain TypeScript: f32, ${millions(size)}`, value: `${rate.toFixed(2)} GB/s of f32`, notes: 'one core, hash included: the reference that simulations use', figures: { gbPerSecond: rate } }
}

const millions = (size: number): string => `${(size / 1e6).toFixed(size < 1e6 ? 2 : 1)} M params`
