// Trains one task with one seed from where it stopped to its end, evaluating now and then, and says what came of it.
import { compile, type EngineModel, type Runner } from '../../../src/engine.ts'
import { loadCheckpoint, saveCheckpoint, type Evaluation, type Progress } from './checkpoint.ts'
import type { Lesson, Target } from './task.ts'

export interface TrainTask {
  readonly lesson: Lesson
  readonly target: Target
  readonly seed: number
  readonly runner: Runner
  /** The checkpoint's file. */
  readonly path: string
  /** Stop, and save, as soon as this says so. */
  readonly shouldStop: () => boolean
  readonly log: (line: string) => void
}

/** A crash loses at most this much. */
const SAVE_EVERY_MS = 60_000
const LOG_EVERY_MS = 5_000

export async function trainTask({ lesson, target, seed, runner, path, shouldStop, log }: TrainTask): Promise<Progress> {
  const { model: { spec, recipe } } = lesson
  const saved = loadCheckpoint(path)
  if (saved?.progress.finished === true) return saved.progress
  const model = await compile(spec, { ...recipe, seed, runner, onProgress: progressLines(log) })
  if (saved !== undefined) await model.setState(saved.state)
  const progress = { seconds: saved?.progress.seconds ?? 0, history: [...saved?.progress.history ?? []], finished: false, adapters: [...new Set([...saved?.progress.adapters ?? [], `${model.adapter.runner}: ${model.adapter.name}`])] }
  const save = async (): Promise<void> => saveCheckpoint(path, { state: await model.state(), progress })
  let savedAt = Date.now(), loggedAt = 0
  while (!progress.finished && !shouldStop()) {
    const startedAt = performance.now(), from = model.step
    const until = Math.min(recipe.steps, from + stepsToNextStop(model.step, lesson.evaluateEvery))
    while (model.step < until && !shouldStop() && performance.now() - startedAt < LOG_EVERY_MS) await model.train(lesson.batch(model.step))
    const training = await model.trainingMetrics()
    progress.seconds += (performance.now() - startedAt) / 1000
    if (model.step % lesson.evaluateEvery === 0 || model.step === recipe.steps) {
      const evaluation = await evaluate(model, lesson, { seconds: progress.seconds, trainingLoss: training.loss })
      progress.history.push(evaluation)
      progress.finished = model.step === recipe.steps || (lesson.stopAtTarget === true && reaches(target, evaluation.test))
      log(`step ${model.step} of ${recipe.steps}: ${target.metric} ${evaluation.test.toFixed(4)}${evaluation.validation === undefined ? '' : `, validation ${evaluation.validation.toFixed(4)}`}, ${progress.seconds.toFixed(0)} s of training`)
    } else if (Date.now() - loggedAt > LOG_EVERY_MS) {
      loggedAt = Date.now()
      const left = (recipe.steps - model.step) * (progress.seconds / model.step)
      log(`step ${model.step} of ${recipe.steps}, loss ${training.loss.toFixed(4)}, ${(1000 * (performance.now() - startedAt) / 1000 / Math.max(1, model.step - from)).toFixed(0)} ms a step, at most ${Math.ceil(left / 60)} min left`)
    }
    if (Date.now() - savedAt > SAVE_EVERY_MS) {
      await save()
      savedAt = Date.now()
    }
  }
  await save()
  model.dispose()
  return progress
}

const stepsToNextStop = (step: number, every: number): number => every - (step % every)

async function evaluate(model: EngineModel, { test, validation, score }: Lesson, so: Pick<Evaluation, 'seconds' | 'trainingLoss'>): Promise<Evaluation> {
  const scored = score(await model.evaluate(test))
  return { step: model.step, ...so, test: scored, ...(validation === undefined ? {} : { validation: score(await model.evaluate(validation)) }) }
}

export const reaches = ({ goal, value }: Target, score: number): boolean => (goal === 'at least' ? score >= value : score <= value)

/** The evaluation that counts: the best by validation, else the last. */
export function counted({ goal }: Target, history: readonly Evaluation[]): Evaluation | undefined {
  const last = history.at(-1)
  if (last?.validation === undefined) return last
  const better = (a: number, b: number): boolean => (goal === 'at least' ? a > b : a < b)
  return history.reduce((best, each) => (better(each.validation!, best.validation!) ? each : best))
}

function progressLines(log: (line: string) => void): (fraction: number, doing: string) => void {
  let saidAt = 0
  return (fraction, doing) => {
    if (Date.now() - saidAt < LOG_EVERY_MS) return
    saidAt = Date.now()
    log(`${doing}, ${Math.round(100 * fraction)}%`)
  }
}
