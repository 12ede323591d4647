// The model that a run's folder holds, with what its optimizer remembers: read from log, checkpoint and payloads, nothing
// written, so that a stopped run can be looked at and exported.
import { ConfigError } from '../src/base/errors.ts'
import type { Tensors, TrainingState } from '../src/codec/training-state.ts'
import { layoutOf } from '../src/model/initial-params.ts'
import type { Layout } from '../src/model/layout.ts'
import type { ModelSpec } from '../src/model/spec.ts'
import { zoo } from '../src/model/zoo/index.ts'
import type { RunConfig } from '../src/wire/run-config.ts'
import { ModelReplay } from './coordinator/model-replay.ts'
import type { LogRecord } from './coordinator/records.ts'
import { findStart, type Start } from './coordinator/start.ts'
import { decodeCheckpoint } from './numeric/checkpoint.ts'
import { createInlineNumeric } from './numeric/inline.ts'
import type { Numeric, Snapshot } from './numeric/numeric.ts'
import { numericSetup } from './numeric/setup.ts'
import type { Disk } from './store/disk.ts'
import { readLog } from './store/log.ts'

export interface StoredModel {
  readonly config: RunConfig
  readonly spec: ModelSpec
  readonly layout: Layout
  readonly version: number
  readonly params: Float32Array
  /** Params, buffers and frozen tensors by name, and the optimizer's state of the trained ones. */
  readonly state: TrainingState
}

/** `model` is the run's where it is none of the zoo. Throws ConfigError where the folder holds no model yet, or a damaged one. */
export async function readStoredModel(disk: Disk, model?: ModelSpec): Promise<StoredModel> {
  const start = await findStart(disk)
  if (start === undefined) throw new ConfigError('state folder: must hold a run that has begun, got none. Start it once.')
  const { config } = start.run
  const spec = model ?? zoo.get(config.model).spec
  const layout = layoutOf(spec)
  const { serverOptimizer: optimizer } = config.strategy
  const numeric = createInlineNumeric()
  await replayFrom(disk, start, { numeric, layout })
  const { version, params, optimizer: state } = decodeCheckpoint((await numeric.checkpoint()).bytes)
  await numeric.close()
  const slots = Object.entries(state.slots).map(([slot, values]) => named(layout, values, `${optimizer.name}/${slot}/`, (role) => role === 'param'))
  return { config, spec, layout, version, params, state: { step: state.step, tensors: named(layout, params, '', () => true), optimizer: Object.assign({}, ...slots) as Tensors } }
}

export interface ReplayOptions {
  readonly numeric: Numeric
  readonly layout: Layout
  readonly onRecords?: (records: readonly LogRecord[]) => void
}

/** Makes in `numeric` all that the log has from there on. Throws DamageError where a payload is not what was accepted, InvariantError where a version comes out otherwise. */
export async function replayFrom(disk: Disk, start: Omit<Start, 'damaged'>, { numeric, layout, onRecords }: ReplayOptions): Promise<Snapshot> {
  const { config } = start.run
  const replay = await ModelReplay.open({ disk, numeric, setup: numericSetup(config, layout), schedule: config.strategy.schedule }, start)
  await readLog(disk, start.log, async (records) => {
    onRecords?.(records as readonly LogRecord[])
    await replay.take(records as readonly LogRecord[])
  })
  return replay.finish()
}

const named = ({ entries }: Layout, packed: Float32Array, prefix: string, wanted: (role: string) => boolean): Tensors =>
  Object.fromEntries(entries.filter(({ role }) => wanted(role)).map(({ name, shape, packedOffset, size }) => [prefix + name, { shape, data: packed.slice(packedOffset, packedOffset + size) }]))
