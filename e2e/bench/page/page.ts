// The benchmark's page: starts the worker that measures and hands its answers to whoever drives the browser.
import { proxy, wrap } from 'comlink'
import type { BenchWorker } from '../messages.ts'

const worker = wrap<BenchWorker>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }))
const log = proxy((line: string): void => console.log(line))

// The names and options are checked where they are sent from: see browser.ts.
type Call = (options: unknown, log: (line: string) => void) => Promise<unknown>
Object.assign(globalThis, { runBench: (bench: keyof BenchWorker, options: unknown) => (worker[bench] as unknown as Call)(options, log) })
