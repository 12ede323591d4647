// Evaluates versions as they are made, by the coordinator's own evaluator and at no virtual cost: a strategy is compared by
// what its model knows, not by when volunteers found the time to look.
import type { Clock } from '../../src/base/clock.ts'
import { present } from '../../src/base/errors.ts'
import type { ShardedDataset } from '../../src/data/shards.ts'
import type { RunHost } from '../run-host.ts'
import type { EvaluationPiece, Evaluator, Numeric } from '../numeric/numeric.ts'
import type { SimulatedPoint } from './report.ts'

export type EvaluationCadence = { readonly everyVersions: number } | { readonly everyExamples: number } | 'leased'

export interface Examiner {
  readonly points: readonly SimulatedPoint[]
  /** The last version that was made. */
  readonly version: number
  /** The same arithmetic, looked at. */
  watch(numeric: Numeric): Numeric
  /** From now on versions are new ones. */
  begin(host: RunHost): void
}

export interface ExaminerOptions {
  readonly cadence: EvaluationCadence
  readonly evaluator: Evaluator
  readonly dataset: ShardedDataset
  readonly clock: Clock
  /** Of an earlier stretch of the simulation. */
  readonly known: readonly SimulatedPoint[]
}

export function createExaminer({ cadence, evaluator, dataset, clock, known }: ExaminerOptions): Examiner {
  const points = [...known]
  let host: RunHost | undefined
  let version = 0
  const isDue = (examples: number): boolean => {
    if (cadence === 'leased' || dataset.manifest.test.examples === 0) return false
    if ('everyVersions' in cadence) return version % cadence.everyVersions === 0
    return Math.floor(examples / cadence.everyExamples) > Math.floor((points.at(-1)?.examples ?? 0) / cadence.everyExamples)
  }
  const evaluate = async (params: Uint8Array): Promise<{ readonly loss: number; readonly accuracy: number }> => {
    const { examples, shards } = dataset.manifest.test
    const pieces = shards.map((shard): EvaluationPiece => ({ shard: present(dataset.file(shard.hash), `file ${shard.hash}`), examples: shard.examples, start: 0, count: shard.examples }))
    const { lossSum, correct } = await evaluator.evaluate(params, pieces)
    return { loss: lossSum / examples, accuracy: correct / examples }
  }
  return {
    points,
    get version() { return version },
    begin(opened) {
      host = opened
      version = opened.status().modelVersion
    },
    watch: (numeric) => ({
      ...numeric,
      async apply(next, scaleUnits) {
        const applied = await numeric.apply(next, scaleUnits)
        if (host === undefined) return applied
        version = next
        const { examples } = host.status()
        if (isDue(examples)) points.push({ version, virtualSeconds: clock.now() / 1000, examples, ...await evaluate(applied.bytes) })
        return applied
      },
    }),
  }
}
