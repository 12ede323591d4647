// What the learning benchmark writes down: for each task the target, and for each seed where, how long and how well it learned.
import type { Evaluation, Progress } from './checkpoint.ts'
import type { Target, Task } from './task.ts'
import { counted, reaches } from './train-task.ts'

export interface SeedRecord {
  readonly seed: number
  /** The metric of the evaluation that counts, and its step. */
  readonly score: number
  readonly step: number
  /** Taken in all, and what they took: training alone, without evaluations. */
  readonly steps: number
  readonly seconds: number
  readonly finished: boolean
  /** Runners with their adapters, several where a run was stopped and went on elsewhere: "wasm: WebAssembly SIMD, 2 threads". */
  readonly adapters: readonly string[]
  readonly history: readonly Evaluation[]
}

export interface TaskRecord {
  readonly task: string
  readonly metric: string
  readonly target: Pick<Target, 'goal' | 'value'>
  readonly machine: string
  readonly seeds: readonly SeedRecord[]
  /** Over the seeds that are finished; null where none is. */
  readonly mean: number | null
  /** Null while a seed is unfinished. */
  readonly reached: boolean | null
}

export function seedRecord(seed: number, target: Target, { history, seconds, finished, adapters }: Progress): SeedRecord {
  const best = counted(target, history)
  return { seed, score: best?.test ?? NaN, step: best?.step ?? 0, steps: history.at(-1)?.step ?? 0, seconds: Math.round(10 * seconds) / 10, finished, adapters, history }
}

export function taskRecord({ name, target, seeds: wanted }: Pick<Task, 'name' | 'target' | 'seeds'>, seeds: readonly SeedRecord[], machine: string): TaskRecord {
  const finished = seeds.filter((each) => each.finished)
  const mean = finished.length === 0 ? null : finished.reduce((sum, { score }) => sum + score, 0) / finished.length
  const { metric, goal, value } = target
  return { task: name, metric, target: { goal, value }, machine, seeds, mean, reached: mean !== null && finished.length === wanted.length ? reaches(target, mean) : null }
}

/** Newer records take the place of older ones of the same task, where a seed of it was begun; others stay. */
export function mergedRecords(old: readonly TaskRecord[], more: readonly TaskRecord[]): readonly TaskRecord[] {
  return [...new Map([...old, ...more.filter(({ seeds }) => seeds.length > 0)].map((record) => [record.task, record])).values()]
}
