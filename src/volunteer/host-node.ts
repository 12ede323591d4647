// A volunteer without a browser: the same session under Node, with the WGSL on Dawn (npm package `webgpu`) where there is a GPU,
// else on WebAssembly.
//   node dist/node/volunteer.js --url http://localhost:8787 [--run digits-cnn]
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { ConfigError } from '../base/errors.ts'
import { NoAdapterError } from '../gpu/device.ts'
import { NO_VULKAN_REMEDY, nodeGpu } from '../gpu/node-gpu.ts'
import { createGpuRunner } from '../gpu/runner.ts'
import { tuningFile } from '../gpu/tuning-file.ts'
import { forgiving } from '../gpu/tuning-store.ts'
import type { Storage } from '../graph/compile.ts'
import type { Runner } from '../graph/plan.ts'
import { createWasmRunner } from '../wasm/runner.ts'
import { memoryStore } from './byte-store.ts'
import { chooseRunner, type RunnerChoice, type RunnerStore } from './choose-runner.ts'
import { createFiles } from './files.ts'
import { createSocketLink } from './link-socketio.ts'
import { VolunteerMemory } from './memory.ts'
import { realClock } from './real-clock.ts'
import { Session } from './session.ts'
import { stateFiles } from './state-files.ts'
import { createTrainer } from './trainer.ts'
import type { SessionState, VolunteerView } from './view.ts'

const USAGE = 'Usage: volunteer --url http://host:port [--run NAME] [--id ID] [--runner auto|gpu|wasm] [--threads N] [--software]'
const CACHE_BYTES = 1 << 30
const REPORT_EVERY_MS = 5_000

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  const options = readArguments()
  const link = createSocketLink({ url: options.url, clock: realClock, random: Math.random })
  const tuning = forgiving(tuningFile())
  const trainer = createTrainer({
    files: createFiles(link, memoryStore(CACHE_BYTES)), clock: realClock,
    // Who has no name of its own is somebody else next time.
    memory: new VolunteerMemory({ volunteerId: options.id, ...(options.named ? { store: stateFiles() } : {}) }),
    createRunner: () => chooseRunner({
      choice: options.runner, clock: realClock, store: tuning,
      gpu: () => openGpu(options, tuning),
      wasm: () => createWasmRunner(options.threads === undefined ? {} : { threads: options.threads }),
    }),
  })
  let said = '', storage: Storage | undefined
  const session: Session = new Session({
    volunteerId: options.id, link, trainer, clock: realClock,
    ...(options.run !== undefined ? { runId: options.run } : {}),
    onChange: () => {
      const view = session.view()
      const line = describeState(view.session)
      if (line !== undefined && line !== said) say(said = line)
      if (view.run?.storage === 'f16' && view.storage !== undefined && view.storage !== storage) say(describeStorage(storage = view.storage))
      // Whoever started us decides whether to try again.
      if (view.session.state === 'refused' || view.session.state === 'failed') void session.stop().then(() => process.exit(1))
    },
  })
  reportRegularly(session)
  // A parent that started us with an ipc channel takes us along, in whatever way it ends.
  for (const end of ['SIGINT', 'SIGTERM', 'disconnect'] as const) {
    process.once(end, () => void session.stop().then(() => process.exit(0)))
  }
  // Started by a coordinator that has ended, in whatever way: nobody would stop this one otherwise.
  process.once('disconnect', () => process.exit(0))
  await session.start()
  say(`volunteer ${options.id} on ${session.view().adapter?.name ?? 'no GPU'}`)
}

interface Arguments {
  readonly url: string
  readonly run: string | undefined
  readonly id: string
  /** By who started it, and so perhaps not for the first time. */
  readonly named: boolean
  readonly runner: RunnerChoice
  readonly threads: number | undefined
  readonly software: boolean
}

const CHOICES: readonly string[] = ['auto', 'gpu', 'wasm'] satisfies RunnerChoice[]

/** Without a driver there is no adapter, unless a GPU was asked for: then that is what must be mended. */
async function openGpu({ runner, software }: Arguments, tuning: RunnerStore): Promise<Runner> {
  const gpu = await nodeGpu(software ? { software: true } : {})
  if (gpu !== undefined) return createGpuRunner({ gpu, tuning })
  if (runner === 'gpu') throw new ConfigError(`Vulkan driver: must exist for WebGPU under Node, got none. ${NO_VULKAN_REMEDY}`)
  throw new NoAdapterError()
}

function readArguments(): Arguments {
  const flags = {
    url: { type: 'string' }, run: { type: 'string' }, id: { type: 'string' }, runner: { type: 'string', default: 'auto' }, threads: { type: 'string' },
    software: { type: 'boolean', default: false },
  } as const
  const { values: { url, run, id, runner, threads, software } } = parseArgs({ options: flags })
  if (url === undefined || !URL.canParse(url)) throw new ConfigError(`--url: must be an address, got ${url ?? 'none'}. ${USAGE}`)
  if (!CHOICES.includes(runner)) throw new ConfigError(`--runner: must be one of ${CHOICES.join(', ')}, got ${runner}. ${USAGE}`)
  const count = threads === undefined ? undefined : Number(threads)
  if (count !== undefined && !(Number.isInteger(count) && count > 0)) throw new ConfigError(`--threads: must be a whole number above 0, got ${threads}. ${USAGE}`)
  return { url, run, id: id ?? `node-${randomUUID().slice(0, 8)}`, named: id !== undefined, runner: runner as RunnerChoice, threads: count, software }
}

/** A line for what a person would want to know; undefined for what passes in a blink. */
function describeState(state: SessionState): string | undefined {
  switch (state.state) {
    case 'connecting': return 'connecting'
    case 'preparing': return state.doing === 'gpu' ? undefined : 'preparing the model'
    case 'waiting': return state.runState === 'running' ? undefined : `the run is ${state.runState}`
    case 'leased': return 'contributing'
    case 'paused': return 'paused'
    case 'disconnected': return `coordinator gone (${state.reason}), trying again`
    case 'refused': return `refused: ${state.message}`
    case 'failed': return `failed: ${state.message}`
    case 'stopped': return 'stopped'
  }
}

/** Of a run that wants f16. */
const describeStorage = (storage: Storage): string =>
  storage === 'f16' ? 'activations of training are stored in f16' : 'activations of training are stored in f32: f16 needs a GPU with shader-f16, and a model within its range'

function reportRegularly(session: Session): void {
  let examples = 0
  const report = ({ contribution, examplesPerSecond, losses, modelVersion }: VolunteerView): void => {
    if (contribution.examples === examples) return
    examples = contribution.examples
    say(`${examples} examples in ${contribution.acceptedLeases} leases, ${examplesPerSecond.toFixed(0)} examples/s, loss ${losses.at(-1)?.toFixed(4) ?? '-'}, model version ${modelVersion}`)
  }
  setInterval(() => report(session.view()), REPORT_EVERY_MS).unref()
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
  process.exit(error instanceof ConfigError ? 2 : 1)
})
