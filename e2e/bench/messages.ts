// What passes between the command and where it measures: a worker of a browser, or a process of Node.

/** Libraries and backends that we are measured against. */
export const PEERS = ['jaxjs-webgpu', 'tfjs-webgpu', 'jaxjs-wasm'] as const
export type PeerName = (typeof PEERS)[number]

/** Compared with our WASM runner; needs a browser's workers. */
export const isWasm = (peer: PeerName): boolean => peer.endsWith('-wasm')

/** Ours measured against ours; outside, other work on the machine moves ratios by as much. */
export const CONTROL = { least: 0.9, most: 1.1 } as const

/** To two digits, as it is printed. */
export function controlHolds(ratio: number): boolean {
  const printed = Math.round(100 * ratio) / 100
  return printed >= CONTROL.least && printed <= CONTROL.most
}

export interface TrainingOptions {
  readonly workload: string
  readonly peer: PeerName
  /** Interleaved repetitions; medians are reported. */
  readonly rounds: number
  /** Steps over which losses must agree with the peer's. */
  readonly checkSteps: number
}

export interface MatmulOptions {
  readonly size: number
  readonly peer: PeerName
  readonly rounds: number
}

export interface KernelsOptions {
  readonly workloads: readonly string[]
}

export interface MemoryOptions {
  readonly workload: string
  readonly steps: number
}

/** Medians of samples in turns. */
export interface Timing {
  readonly oursMs: number
  readonly peerMs: number
  /** How many times faster than the peer. */
  readonly ratio: number
  /** Ours measured against ours in the same way: how far noise alone moves a ratio. */
  readonly controlRatio: number
  /** Samples of each: as many as were asked for, more where the control did not hold. Absent in rows from before more were taken. */
  readonly rounds?: number
}

/** Of one training step. */
export interface TrainingRow extends Timing {
  readonly name: string
  readonly peer: PeerName
  /** What ours ran on. */
  readonly adapter: string
  readonly gflops: number
  /** Largest relative difference of a loss over the checked steps. */
  readonly lossDifference: number
  readonly checkedSteps: number
  /** From the creation of the runner to the end of the first step: in a new browser or process; and by a second runner right after, with what the first left in caches. */
  readonly oursFirstStepMs: number
  readonly oursWarmFirstStepMs: number
  readonly peerFirstStepMs: number
  /** Most bytes of GPU buffers that a contestant held at one time: ours over all later steps, checked and timed, the peer over one. 0 where it uses none. */
  readonly oursPeakBytes: number
  readonly peerPeakBytes: number
  /** Buffers that ours made in those steps. */
  readonly oursLateBuffers: number
}

/** Square f32 products. */
export interface MatmulRow extends Pick<Timing, 'ratio' | 'controlRatio' | 'rounds'> {
  /** Rows and columns. */
  readonly size: number
  readonly peerName: PeerName
  /** What ours ran on. */
  readonly adapter: string
  /** GFLOP/s, two operations for each multiply-add, at the median time. */
  readonly ours: number
  /** The peer's, likewise. */
  readonly peer: number
}

export interface KernelRow {
  readonly workload: string
  /** Node and kernel in the plan. */
  readonly label: string
  readonly dims: string
  readonly variant: string
  readonly ms: number
  readonly gflops: number
  /** Part of the step's time. */
  readonly share: number
  /** All rows that were measured, the fastest first. */
  readonly tried: readonly { readonly variant: string; readonly ms: number }[]
}

/** What was held up to a step of a run. */
export interface MemoryMark {
  readonly step: number
  /** Most bytes of GPU buffers at one time, since the first step. */
  readonly peakBytes: number
  /** Buffers made after the first step. */
  readonly lateBuffers: number
  /** Of that step. */
  readonly loss: number
}

/** GPU memory of many steps of one program. */
export interface MemoryRow {
  readonly name: string
  readonly adapter: string
  readonly batchSize: number
  readonly steps: number
  /** Of all steps but the first. */
  readonly seconds: number
  readonly marks: readonly MemoryMark[]
  /** Between the first step and the second: most bytes at one time while the tuner measured, and what it left, the shapes that pipelines read. Not counted as late buffers. */
  readonly tuning: { readonly peakBytes: number; readonly leftBytes: number }
}

export interface KernelsReport { readonly adapter: string; readonly kernels: readonly KernelRow[] }

/** What a JSON file of results holds; a later run adds to it. */
export interface Results {
  /** Host and sort of adapter, which figures of one file share. Absent in files from before there was a choice. */
  readonly where?: string
  /** Of WebGPU; empty where nothing was measured on it. */
  readonly adapter: string
  readonly workloads: readonly TrainingRow[]
  readonly matmul: readonly MatmulRow[]
  readonly kernels: readonly KernelRow[]
  readonly memory: readonly MemoryRow[]
  /** Geometric means of the ratios to each peer, over the standard workloads that there are figures of. */
  readonly geomean: Readonly<Record<string, number>>
  /** How many of the standard workloads each is over. */
  readonly geomeanOver: Readonly<Record<string, { readonly workloads: number; readonly of: number }>>
}

type Log = (line: string) => void

/** What can be measured there. */
export interface BenchWorker {
  training(options: TrainingOptions, log: Log): Promise<TrainingRow>
  matmul(options: MatmulOptions, log: Log): Promise<MatmulRow>
  kernels(options: KernelsOptions, log: Log): Promise<KernelsReport>
  memory(options: MemoryOptions, log: Log): Promise<MemoryRow>
}

export type Benches = { readonly [K in keyof BenchWorker]: (options: Parameters<BenchWorker[K]>[0]) => ReturnType<BenchWorker[K]> }

/** Where measurements run. */
export interface BenchHost {
  /** Runs one of the benchmarks in a new browser, or in a new process. */
  run<K extends keyof Benches>(bench: K, options: Parameters<Benches[K]>[0]): ReturnType<Benches[K]>
  close(): void
}
