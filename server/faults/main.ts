// `npm run simulate:faults [-- --seeds N --from N --jobs N]`: simulated runs of the coordinator under faults, one a seed,
// on every core. Prints each seed that breaks a rule of server/SPEC.md, with the way to see it again, and exits with 1.
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Command } from 'commander'
import { wholeNumber } from '../cli/options.ts'
import { drawTrial, runTrial } from '../coordinator/trial.ts'

interface Share {
  /** The next seed, shared by all workers. */
  readonly next: Int32Array
  readonly end: number
}

type Finding = { readonly seed: number; readonly restarts: number; readonly acknowledged: number; readonly failure?: string }

const PROGRESS_MS = 5_000

export async function main(args: readonly string[]): Promise<void> {
  const command = new Command('simulate:faults')
    .option('--seeds <count>', 'how many seeds', wholeNumber(1, 1e9), 10_000)
    .option('--from <seed>', 'the first one', wholeNumber(0, 1e9), 1)
    .option('--jobs <count>', 'threads', wholeNumber(1, 256), availableParallelism())
    .parse([...args], { from: 'user' })
  const { seeds, from, jobs } = command.opts<{ seeds: number; from: number; jobs: number }>()
  const next = new Int32Array(new SharedArrayBuffer(4))
  next[0] = from
  const total = { done: 0, failed: 0, restarts: 0, acknowledged: 0 }
  const startedMs = performance.now()
  const line = (): string => `${total.done} of ${seeds} seeds, ${total.failed} failed, ${total.restarts} restarts, ${total.acknowledged} acknowledged updates, ${Math.round((performance.now() - startedMs) / 1000)} s`
  console.log(`Seeds ${from} to ${from + seeds - 1} in ${Math.min(jobs, seeds)} threads`)
  const timer = setInterval(() => console.log(line()), PROGRESS_MS)
  const threads = Array.from({ length: Math.min(jobs, seeds) }, () => startThread({ next, end: from + seeds }, ({ failure, restarts, acknowledged }) => {
    total.done++
    total.restarts += restarts
    total.acknowledged += acknowledged
    if (failure === undefined) return
    total.failed++
    console.error(failure)
  }))
  await Promise.all(threads).finally(() => clearInterval(timer))
  console.log(line())
  process.exitCode = total.failed === 0 ? 0 : 1
}

const startThread = (share: Share, onFinding: (finding: Finding) => void): Promise<void> => new Promise((resolve, reject) => {
  const worker = new Worker(new URL(import.meta.url), { workerData: share })
  worker.on('message', onFinding)
  worker.on('error', reject)
  worker.on('exit', () => resolve())
})

async function runShare({ next, end }: Share): Promise<void> {
  // A broken invariant in a callback of the coordinator would end its process.
  process.on('unhandledRejection', (error) => { broken ??= error })
  for (let seed = Atomics.add(next, 0, 1); seed < end; seed = Atomics.add(next, 0, 1)) parentPort!.postMessage(await examine(seed))
}

let broken: unknown

async function examine(seed: number): Promise<Finding> {
  try {
    broken = undefined
    const { simulation } = await runTrial(drawTrial(seed))
    if (broken !== undefined) throw new Error(`seed ${seed}: ${String(broken)}`)
    return { seed, restarts: simulation.restarts, acknowledged: simulation.witness.acknowledged.size }
  } catch (error) {
    return { seed, restarts: 0, acknowledged: 0, failure: error instanceof Error ? error.message : String(error) }
  }
}

if (!isMainThread) await runShare(workerData as Share)
