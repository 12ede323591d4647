// The coordinator's answer to a volunteer's hello: all it needs to start, and nothing it must trust as code.
import type { DatasetManifest } from '../data/dataset.ts'
import type { ModelSpec } from '../model/spec.ts'
import type { RunConfig } from './run-config.ts'
import type { RunState } from './messages.ts'

export interface Welcome {
  readonly type: 'welcome'
  readonly protocolVersion: number
  readonly runId: string
  /** The coordinator's start number for this run. */
  readonly incarnation: number
  readonly config: RunConfig
  readonly model: ModelSpec
  readonly dataset: DatasetManifest
  readonly state: RunState
  readonly modelVersion: number
  readonly modelHash: string
  /** True where the lease named in `holding` may go on. */
  readonly keepLease: boolean
}
