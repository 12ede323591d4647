// What each library must be able to do to be measured, and the data that all are given.
import { createRng } from '../../../src/base/rng.ts'
import { product } from '../../../src/base/math.ts'
import type { HostArray } from '../../../src/graph/plan.ts'
import { inputShape, type InputSpec, type ModelSpec } from '../../../src/model/spec.ts'
import type { Workload } from '../workloads.ts'

/** Inputs and `labels` by name, each [batch, …]. */
export type StepData = Readonly<Record<string, HostArray>>

export interface Contestant {
  /** Mean loss of one training step, waiting for it. */
  lossOf(data: StepData): Promise<number>
  /** Trains on each batch; resolves when the device has done them all. */
  steps(batches: readonly StepData[]): Promise<void>
  dispose(): void
}

/** Which real numbers belong to which label, so that losses fall. */
export interface DataShape {
  readonly labels: { readonly perExample: number; readonly classes: number }
}

/** Batches that steps go round in. */
const BATCHES = 8

export const batchesOf = (workload: Workload, shape: DataShape): readonly StepData[] => Array.from({ length: BATCHES }, (_, seed) => dataOf(workload, shape, seed))

function dataOf({ spec, batchSize }: Workload, { labels }: DataShape, seed: number): StepData {
  const rng = createRng(`bench ${seed}`)
  const targets = Uint32Array.from({ length: batchSize * labels.perExample }, () => rng.integer(labels.classes))
  const inputs = Object.entries(spec.inputs).map(([name, declared]) => [name, 'below' in declared
    ? Uint32Array.from({ length: batchSize * product(declared.shape) }, () => rng.integer(declared.below))
    : images(rng, batchSize, declared, targets)] as const)
  return { ...Object.fromEntries(inputs), labels: targets }
}

/** Sparse images, brighter where the label says so. */
function images(rng: ReturnType<typeof createRng>, batchSize: number, declared: InputSpec, labels: Uint32Array): Float32Array {
  const size = product(inputShape(declared))
  return Float32Array.from({ length: batchSize * size }, (_, i) => {
    const bright = Math.floor((i % size) / (size / 10)) === labels[Math.floor(i / size)]
    return Math.max(0, rng.uniform() * 2 - (bright ? 0.5 : 1.2))
  })
}

/** The nodes of a spec with the names that each reads filled in. */
export interface WiredNode {
  readonly name: string
  readonly layer: string
  readonly from: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
}

export function wired(spec: ModelSpec): readonly WiredNode[] {
  return spec.nodes.map(({ name, layer, from, options = {} }, i) =>
    ({ name, layer, options, from: from ?? [i === 0 ? Object.keys(spec.inputs)[0]! : spec.nodes[i - 1]!.name] }))
}
