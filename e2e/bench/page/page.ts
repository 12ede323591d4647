// The benchmark's page: starts the worker that measures and hands its answers to whoever drives the browser.
import { proxy, wrap } from 'comlink'
import type { BenchOptions, BenchWorker } from '../messages.ts'

const worker = wrap<BenchWorker>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }))
const log = proxy((line: string): void => console.log(line))

Object.assign(globalThis, { runBench: (bench: 'training' | 'kernels', options: BenchOptions) => worker[bench](options, log) })
