// What a headless run leaves behind as JSON. Its keys are an interface for scripts: add, do not rename.
import type { CurvePoint, RunStatus } from '../../src/wire/dashboard.ts'

export interface Report {
  readonly run: string
  readonly params: number
  readonly modelVersion: number
  readonly wallSeconds: number
  readonly examples: number
  readonly examplesPerSecond: number
  readonly bytesUp: number
  readonly bytesDown: number
  /** Of the last evaluation on the whole test split; null where there was none. */
  readonly evaluation: { readonly loss: number; readonly accuracy: number; readonly examples: number } | null
  readonly volunteers: readonly { readonly id: string; readonly adapter: string; readonly acceptedLeases: number; readonly examples: number }[]
  readonly curve: readonly { readonly seconds: number; readonly examples: number; readonly loss: number; readonly accuracy: number }[]
}

export interface ReportSource {
  readonly run: string
  readonly status: RunStatus
  readonly curve: readonly CurvePoint[]
  readonly wallSeconds: number
}

export function createReport({ run, status, curve, wallSeconds }: ReportSource): Report {
  const { evaluation } = status
  return {
    run,
    params: status.params,
    modelVersion: status.modelVersion,
    wallSeconds: rounded(wallSeconds),
    examples: status.examples,
    examplesPerSecond: rounded(wallSeconds > 0 ? status.examples / wallSeconds : 0),
    bytesUp: status.bytesUp,
    bytesDown: status.bytesDown,
    evaluation: evaluation === undefined ? null : { loss: evaluation.loss, accuracy: evaluation.accuracy, examples: evaluation.examples },
    volunteers: status.volunteers.map(({ id, adapter, acceptedLeases, examples }) => ({ id, adapter, acceptedLeases, examples })),
    curve: curve.flatMap(({ seconds, examples, loss, accuracy }) => loss === undefined || accuracy === undefined ? [] : [{ seconds: rounded(seconds), examples, loss, accuracy }]),
  }
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
