// The metrics that Plans sum up on the device, read as means, of the whole model and of each head.
import type { Program } from '../graph/plan.ts'
import { METRICS } from '../kernels/reduce.ts'
import type { Head } from '../model/build-model.ts'
import { ALLOCATIONS, headMetrics } from './program.ts'

export interface Metrics {
  /** Mean over the examples; of several heads, the weighted sum. */
  readonly loss: number
  /** Of the first head that can be right or wrong; absent where none can. */
  readonly accuracy?: number
  readonly examples: number
  /** By head, where there are several. Their losses are without the heads' weights. */
  readonly heads?: Readonly<Record<string, HeadMetrics>>
}

export interface HeadMetrics {
  readonly loss: number
  readonly accuracy?: number
}

/** Sums of one or all heads: loss, correct, examples. */
type Sums = readonly [loss: number, correct: number, examples: number]

export interface MetricsReader {
  /** Sets aside what is summed up on the device, for the next `take`, so that the device can count something else. */
  keep(): Promise<void>
  /** Means over everything since the last `take`, losses divided by `runs` or, where absent, by the number of examples. */
  take(runs?: number): Promise<Metrics>
  /** Means of what is on the device alone. */
  takeDevice(): Promise<Metrics>
}

export function createMetricsReader(program: Program, heads: readonly Head[]): MetricsReader {
  const several = heads.length > 1
  const names = [ALLOCATIONS.metrics, ...(several ? heads.map(({ name }) => headMetrics(name)) : [])]
  const zeros = (): readonly Sums[] => names.map(() => [0, 0, 0])
  let kept = zeros()
  const readDevice = async (): Promise<readonly Sums[]> => {
    const arrays = await program.read(names)
    for (const name of names) program.clear(name)
    return arrays.map((values) => [values[METRICS.loss]!, values[METRICS.correct]!, values[METRICS.examples]!])
  }
  const accuracy = (correct: number, examples: number, head: Head | undefined): { accuracy?: number } => (head?.correct === undefined ? {} : { accuracy: correct / examples })
  const means = ([total, ...each]: readonly Sums[], runs?: number): Metrics => {
    const [loss, correct, examples] = total!
    const over = runs ?? examples
    return {
      loss: loss / over, examples,
      ...accuracy(correct, examples, heads.find((head) => head.correct !== undefined)),
      ...(several ? { heads: Object.fromEntries(heads.map((head, i) => [head.name, { loss: each[i]![0] / over / head.weight, ...accuracy(each[i]![1], examples, head) }])) } : {}),
    }
  }
  const keep = async (): Promise<void> => {
    const sums = await readDevice()
    kept = kept.map((before, i) => before.map((value, k) => value + sums[i]![k]!) as unknown as Sums)
  }
  return {
    keep,
    async take(runs) {
      await keep()
      const taken = kept
      kept = zeros()
      return means(taken, runs)
    },
    takeDevice: async () => means(await readDevice()),
  }
}
