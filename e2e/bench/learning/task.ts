// A task of the learning benchmark: what is trained on which data, and what must be reached, stated beforehand.
import type { Examples, Metrics } from '../../../src/engine.ts'
import type { ZooModel } from '../../../src/model/zoo/zoo-model.ts'
import type { ByteDataset } from '../../../src/data/dataset.ts'

export interface Task {
  readonly name: string
  /** One line for people. */
  readonly title: string
  readonly target: Target
  /** The target is asked of the mean over these seeds. */
  readonly seeds: readonly number[]
  prepare(data: DataFiles, seed: number): Promise<Lesson>
}

export interface Target {
  /** What is measured on the test examples, for people: "accuracy". */
  readonly metric: string
  readonly goal: 'at least' | 'at most'
  readonly value: number
  /** Where the figure comes from. */
  readonly from: string
}

export interface Lesson {
  /** Trained by its own recipe, whose `steps` end the run. */
  readonly model: ZooModel
  /** The batch of step number `step`, from 0 on: a function of the seed and that number alone. */
  batch(step: number): Examples
  /** Steps between evaluations: an epoch, or about as much. */
  readonly evaluateEvery: number
  readonly test: Examples
  /** Where it is given, the evaluation that counts is the one at which this is best; else the last one. */
  readonly validation?: Examples
  /** The target's metric of mean loss and accuracy. */
  score(metrics: Metrics): number
  /** The run may end as soon as the target is reached. */
  readonly stopAtTarget?: true
}

/** Where tasks read from. */
export interface DataFiles {
  dataset(name: string): Promise<ByteDataset>
  /** A file of a data set's folder, by any of its usual paths. */
  file(...paths: readonly string[]): Promise<{ readonly path: string; readonly bytes: Uint8Array }>
}
