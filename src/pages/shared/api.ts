// What both pages fetch from their coordinator.
import type { DatasetManifest } from '../../data/dataset.ts'
import type { ModelSpec } from '../../model/spec.ts'
import type { Health, PartitionPicture } from '../../wire/dashboard.ts'
import type { RunConfig } from '../../wire/run-config.ts'

/** What does not change during a run. */
export interface RunDescription {
  readonly config: RunConfig
  readonly model: ModelSpec
  readonly dataset: DatasetManifest
}

export const fetchHealth = (): Promise<Health> => getJson('/health') as Promise<Health>
export const fetchDescription = (runId: string): Promise<RunDescription> => getJson(`/runs/${encodeURIComponent(runId)}/description.json`) as Promise<RunDescription>
export const fetchPartition = (runId: string): Promise<PartitionPicture> => getJson(`/runs/${encodeURIComponent(runId)}/partition.json`) as Promise<PartitionPicture>

/** `?run=NAME` of the address: a run by its name or id; the coordinator's first one where absent. */
export const runInAddress = (): string | undefined => new URLSearchParams(location.search).get('run') ?? undefined

/** The address of one of our pages, on a run. */
export const addressOf = (path: string, run: string | undefined): string => (run === undefined ? path : `${path}?run=${encodeURIComponent(run)}`)

async function getJson(path: string): Promise<unknown> {
  const response = await fetch(path, { cache: 'no-store' })
  if (!response.ok) throw new Error(`GET ${path}: HTTP ${response.status}`)
  return response.json()
}
