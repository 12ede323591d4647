// The dedicated worker behind the volunteer page: socket, engine and data live here, only views reach the page.
import * as Comlink from 'comlink'
import { browserGpu } from '../gpu/device.ts'
import { createGpuRunner } from '../gpu/runner.ts'
import { tuningDatabase } from '../gpu/tuning-database.ts'
import { createWasmRunner } from '../wasm/runner.ts'
import { openBrowserStorage } from './browser-storage.ts'
import { layeredCache, memoryStore } from './byte-store.ts'
import { chooseRunner, type RunnerChoice } from './choose-runner.ts'
import { createFiles } from './files.ts'
import { createSocketLink } from './link-socketio.ts'
import { VolunteerMemory } from './memory.ts'
import { realClock } from './real-clock.ts'
import { Session } from './session.ts'
import { createTrainer } from './trainer.ts'
import type { VolunteerView } from './view.ts'

export interface StartOptions {
  readonly url: string
  readonly volunteerId: string
  readonly runId?: string
  /** `auto` unless given: see choose-runner.ts. */
  readonly runner?: RunnerChoice
  /** Threads of the WASM runner; all processors but one unless given, which stays with the person. */
  readonly threads?: number
}

/** At most this often is a view sent. */
const VIEW_EVERY_MS = 200
const MEMORY_CACHE_BYTES = 128 << 20

let session: Session | undefined

const host = {
  /** Begins contributing; `onView` hears of it until the session has ended. */
  async start({ url, volunteerId, runId, runner = 'auto', threads = defaultThreads() }: StartOptions, onView: (view: VolunteerView) => unknown): Promise<void> {
    await session?.stop()
    const storage = await openBrowserStorage()
    const memory = memoryStore(MEMORY_CACHE_BYTES)
    const tuning = tuningDatabase()
    const link = createSocketLink({ url, clock: realClock, random: Math.random })
    const trainer = createTrainer({
      files: createFiles(link, storage === undefined ? memory : layeredCache(memory, storage.shards)),
      clock: realClock,
      memory: new VolunteerMemory({ volunteerId, ...(storage === undefined ? {} : { store: storage.states }) }),
      createRunner: () => chooseRunner({
        choice: runner, clock: realClock, store: tuning,
        gpu: async () => createGpuRunner({ gpu: browserGpu(), tuning }),
        wasm: () => createWasmRunner({ threads }),
      }),
    })
    const started = new Session({
      volunteerId, link, trainer, clock: realClock,
      ...(runId !== undefined ? { runId } : {}),
      onChange: throttled(() => void onView(started.view()), VIEW_EVERY_MS),
    })
    session = started
    await started.start()
  },
  pause: (): void => session?.pause(),
  resume: (): void => session?.resume(),
  stop: async (): Promise<void> => session?.stop(),
}

export type VolunteerHost = typeof host

const defaultThreads = (): number => Math.max(1, navigator.hardwareConcurrency - 1)

/** Calls `run` at once, then at most every `everyMs`, and always once after the last call. */
function throttled(run: () => void, everyMs: number): () => void {
  let nextMs = 0
  let waiting = false
  const fire = (): void => {
    waiting = false
    nextMs = realClock.now() + everyMs
    run()
  }
  return () => {
    if (waiting) return
    waiting = true
    realClock.after(Math.max(0, nextMs - realClock.now()), fire)
  }
}

Comlink.expose(host)
