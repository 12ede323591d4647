// The curves of a run, folded from its log: they survive every restart, and never grow beyond some hundreds of points.
import type { CurvePoint } from '../../src/wire/dashboard.ts'
import type { LogRecord } from './records.ts'

/** Evaluations of a long run are thinned out when there are more points than this. */
const MOST_POINTS = 2_000

/** What a checkpoint keeps of them. */
export interface CurveState {
  readonly points: readonly CurvePoint[]
  readonly lossSum: number
  readonly examples: number
}

export class CurveBuilder {
  #points: CurvePoint[] = []
  readonly #firstGap: number
  #lossSum = 0
  #examples = 0

  constructor(examplesPerEpoch: number, state?: CurveState) {
    this.#firstGap = examplesPerEpoch / 100
    if (state === undefined) return
    this.#points = [...state.points]
    this.#lossSum = state.lossSum
    this.#examples = state.examples
  }

  get points(): readonly CurvePoint[] {
    return this.#points
  }

  get state(): CurveState {
    return { points: this.#points, lossSum: this.#lossSum, examples: this.#examples }
  }

  /** The new point, if the record makes one. */
  add(record: LogRecord): CurvePoint | undefined {
    if (record.type === 'accepted') {
      this.#lossSum += record.metrics.lossSum
      this.#examples += record.metrics.examples
      return undefined
    }
    if (record.type === 'version') {
      // Points grow sparser with the run, so that long runs stay light.
      if (this.#examples < Math.max(this.#firstGap, record.examples / 300)) return undefined
      const trainLoss = this.#lossSum / this.#examples
      this.#lossSum = 0
      this.#examples = 0
      return this.#push({ seconds: record.seconds, examples: record.examples, modelVersion: record.version, trainLoss })
    }
    if (record.type !== 'evaluation') return undefined
    const { seconds, atExamples, modelVersion, loss, accuracy } = record
    return this.#push({ seconds, examples: atExamples, modelVersion, loss, accuracy })
  }

  #push(point: CurvePoint): CurvePoint {
    if (this.#points.length >= MOST_POINTS) this.#points = this.#points.filter((_, i) => i % 2 === 0 || i >= MOST_POINTS / 2)
    this.#points.push(point)
    return point
  }
}
