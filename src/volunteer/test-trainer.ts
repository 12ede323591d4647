// For tests: the trainer on the CPU runner, on noise, and its gradient computed directly on plain arrays.
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import type { ByteSplit } from '../data/dataset.ts'
import { shardOrder } from '../data/order.ts'
import { shardDataset, type ShardedDataset } from '../data/shards.ts'
import type { Strategy } from '../fed/strategy.ts'
import type { Runner } from '../graph/plan.ts'
import type { ModelSpec } from '../model/spec.ts'
import { PROTOCOL_VERSION, type Lease } from '../wire/messages.ts'
import type { Welcome } from '../wire/welcome.ts'
import { memoryStore } from './byte-store.ts'
import { createFiles } from './files.ts'
import type { VolunteerMemory } from './memory.ts'
import type { Clock } from '../base/clock.ts'
import { realClock } from './real-clock.ts'
import { createTrainer } from './trainer.ts'
import type { Outcome } from './trainer-port.ts'

export const SEED = 5
const CLASSES = 3, PIXELS = 4
export const SNAPSHOT = 'a'.repeat(64)
/** Softmax regression: its gradient fits in a few lines. */
export const model: ModelSpec = {
  name: 'softmax', inputs: { x: [2, 2, 1] }, output: 'logits',
  nodes: [{ name: 'flat', layer: 'flatten' }, { name: 'logits', layer: 'dense', options: { units: CLASSES } }],
}
export const params = Float32Array.from({ length: PIXELS * CLASSES + CLASSES }, (_, i) => Math.sin(i) / 2)

export const sharded: ShardedDataset = await noise()

async function noise(): Promise<ShardedDataset> {
  const rng = createRng('trainer-test')
  const split = (examples: number): ByteSplit => ({
    examples,
    values: Uint8Array.from({ length: examples * PIXELS }, () => rng.integer(256)),
    labels: Uint8Array.from({ length: examples }, () => rng.integer(CLASSES)),
  })
  const dataset = { name: 'noise', shape: [2, 2, 1], classes: CLASSES, classNames: ['a', 'b', 'c'], scale: 1 / 255, offset: -0.5, train: split(50), test: split(30) }
  return shardDataset(dataset, SEED, 20)
}

export const welcome = (strategy: Partial<Strategy> = {}): Welcome => ({
  type: 'welcome', protocolVersion: PROTOCOL_VERSION, runId: 'run', incarnation: 1, model, dataset: sharded.manifest,
  config: { batchSize: 8, seed: SEED, title: 'Noise', strategy: { codec: 'f32', local: { type: 'gradient' }, ...strategy } } as Welcome['config'],
  state: 'running', modelVersion: 1, modelHash: SNAPSHOT, keepLease: false,
})

export type Slices = Lease['work']['slices']
export const lease = (slices: Slices, changes: Partial<Lease> & { split?: 'train' | 'test' } = {}): Lease => {
  const { split = 'train', ...rest } = changes
  return {
    runId: 'run', leaseId: 'l1', incarnation: 1, grant: 1, kind: 'train', modelVersion: 1, modelHash: SNAPSHOT, durationMs: 10_000,
    work: { source: 'examples', split, epoch: 2, slices }, numExamples: slices.reduce((sum, { count }) => sum + count, 0), ...rest,
  }
}

/** Mean gradient, summed loss and hits, in double precision. */
export function direct(slices: Slices, split: 'train' | 'test', at: ArrayLike<number> = params, wanted: (position: number) => boolean = () => true) {
  const gradient = new Float64Array(params.length)
  let lossSum = 0, correct = 0, examples = 0, position = -1
  for (const { shard, start, count } of slices) {
    const manifest = sharded.manifest[split].shards[shard]!
    const file = sharded.file(manifest.hash)!
    const order = split === 'train' ? shardOrder(SEED, 2, shard, manifest.examples) : Uint32Array.from({ length: manifest.examples }, (_, i) => i)
    for (let p = start; p < start + count; p++) {
      if (!wanted(++position)) continue
      const example = order[p]!
      const x = Array.from({ length: PIXELS }, (_, i) => file[example * PIXELS + i]! / 255 - 0.5)
      const label = file[manifest.examples * PIXELS + example]!
      const logits = Array.from({ length: CLASSES }, (_, c) => x.reduce((sum, v, i) => sum + v * at[i * CLASSES + c]!, at[PIXELS * CLASSES + c]!))
      const total = logits.reduce((sum, z) => sum + Math.exp(z), 0)
      lossSum += Math.log(total) - logits[label]!
      correct += logits.indexOf(Math.max(...logits)) === label ? 1 : 0
      examples++
      for (let c = 0; c < CLASSES; c++) {
        const error = Math.exp(logits[c]!) / total - (c === label ? 1 : 0)
        for (let i = 0; i < PIXELS; i++) gradient[i * CLASSES + c]! += error * x[i]!
        gradient[PIXELS * CLASSES + c]! += error
      }
    }
  }
  return { gradient: gradient.map((g) => g / examples), lossSum, correct, examples }
}

/** `snapshot` is what the coordinator serves by then. */
export function setUp(snapshot: Float32Array = params, createRunner: () => Promise<Runner> = async () => createCpuRunner(), { memory, clock = realClock }: { readonly memory?: VolunteerMemory; readonly clock?: Clock } = {}) {
  const fetched: string[] = []
  const fetchFile = async (_run: string, hash: string): Promise<Uint8Array> => {
    fetched.push(hash)
    return hash === SNAPSHOT ? new Uint8Array(snapshot.slice().buffer) : sharded.file(hash)!
  }
  const trainer = createTrainer({ files: createFiles({ fetchFile }, memoryStore(1 << 20)), clock, createRunner, ...(memory === undefined ? {} : { memory }) })
  return { trainer, fetched }
}

export async function work(trainer: ReturnType<typeof createTrainer>, wanted: Lease, signal = new AbortController().signal): Promise<Outcome> {
  return trainer.work(wanted, { signal, onProgress: () => {} })
}
