// Opens a run in its state folder: a new one, or one that goes on from its last acknowledged update.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../src/base/clock.ts'
import { ConfigError } from '../../src/base/errors.ts'
import { createRng, type Rng } from '../../src/base/rng.ts'
import type { DatasetManifest } from '../../src/data/dataset.ts'
import type { ShardedDataset } from '../../src/data/shards.ts'
import { initialParams, layoutOf } from '../../src/model/initial-params.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import { zoo } from '../../src/model/zoo/index.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { Evaluator, Numeric } from '../numeric/numeric.ts'
import { numericSetup } from '../numeric/setup.ts'
import type { RunHost } from '../run-host.ts'
import { sha256 } from '../sha256.ts'
import type { Disk } from '../store/disk.ts'
import { createNodeDisk } from '../store/node-disk.ts'
import { checkModel } from './check-model.ts'
import { Host } from './host.ts'
import { readRun, recover, type RecoverOptions } from './recover.ts'
import { DEFAULT_RETENTION, type Retention } from './retention.ts'
import { resolveSettings } from './settings.ts'
import type { CheckpointPolicy, Settings } from './state.ts'

export interface OpenRunOptions {
  /** The run's own folder, or its disk. */
  readonly dir: string | Disk
  /** The config's name where absent. */
  readonly runId?: string
  readonly config: RunConfig
  readonly dataset: ShardedDataset
  readonly clock: Clock
  /** `createNumericThreads(script)` and `createEvaluatorThread(script)`, or the inline ones. The run closes them. */
  readonly numeric: Numeric
  readonly evaluator: Evaluator
  /** Chooses which evaluations are checked. Unpredictable where absent: the run's own seed is known to everybody. */
  readonly rng?: Rng
  /** The zoo's model named in the config where absent. */
  readonly model?: ModelSpec
  readonly retention?: Retention
  readonly checkpoint?: CheckpointPolicy
  /** Hears what a person should know, though the run goes on. */
  readonly warn?: (text: string) => void
}

/** Throws ConfigError where config, data and state folder cannot make a run. */
export async function openRun(options: OpenRunOptions): Promise<RunHost> {
  const { config, dataset, clock, numeric, evaluator } = options
  const spec = options.model ?? zoo.get(config.model).spec
  checkModel(spec, dataset.manifest)
  const layout = layoutOf(spec)
  const settings: Settings = {
    ...resolveSettings(options.runId ?? config.name, config, { manifest: dataset.manifest, hash: hashOfShards(dataset.manifest), parts: dataset.parts }, layout),
    ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
  }
  const setup = numericSetup(config, layout)
  const disk = typeof options.dir === 'string' ? await createNodeDisk(options.dir) : options.dir
  let host: Host | undefined
  let refuse: (error: ConfigError) => void = () => {}
  const refused = new Promise<never>((_, reject) => { refuse = reject })
  const recovery: RecoverOptions = {
    settings, config, disk, numeric, setup, now: clock.now(), initialParams: () => initialParams(spec, config.seed), warn: options.warn ?? (() => {}),
    after: (delayMs, run) => clock.after(delayMs, run),
    onFault(fault) {
      // Before there is a run there is nothing to pause: say so and give up.
      if (host !== undefined) host.diskFault('log', fault)
      else if (fault !== undefined) refuse(new ConfigError(`state folder: must be writable, but ${fault}.`))
    },
  }
  const read = await readRun(recovery).catch(async (error: unknown) => {
    await Promise.all([disk.close(), numeric.close(), evaluator.close()])
    throw error
  })
  const { store } = read
  const recovered = await Promise.race([refused, recover(recovery, read)]).catch(async (error: unknown) => {
    await Promise.all([store.close(), numeric.close(), evaluator.close()])
    throw error
  })
  const { shape, scale, offset } = dataset.manifest
  await evaluator.open({ model: spec, shape, scale, offset })
  host = new Host({
    config, dataset, clock, store, numeric, evaluator, model: { spec, layout }, recovered, retention: options.retention ?? DEFAULT_RETENTION,
    rng: options.rng ?? createRng(randomBytes(16).toString('hex')),
  })
  host.start()
  return host
}

export const hashOfShards = ({ train, test }: DatasetManifest): string =>
  sha256([...train.shards, ...test.shards].map(({ hash }) => hash).join())
