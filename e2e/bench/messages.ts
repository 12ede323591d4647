// What passes between the command and where it measures: a worker of a browser, or a process of Node.

/** Libraries and backends that we are measured against. */
export const PEERS = ['jaxjs-webgpu', 'tfjs-webgpu', 'jaxjs-wasm'] as const
export type PeerName = (typeof PEERS)[number]

/** Compared with our WASM runner; needs a browser's workers. */
export const isWasm = (peer: PeerName): boolean => peer.endsWith('-wasm')

export interface TrainingOptions {
  readonly workload: string
  readonly peer: PeerName
  /** Interleaved repetitions; medians are reported. */
  readonly rounds: number
  /** Steps over which losses must agree with the peer's. */
  readonly checkSteps: number
}

export interface KernelsOptions {
  readonly workloads: readonly string[]
}

export interface TrainingRow {
  readonly name: string
  readonly peer: PeerName
  readonly oursMs: number
  readonly peerMs: number
  /** How many times faster than the peer. */
  readonly ratio: number
  /** Ours measured against ours in the same way: how far noise alone moves a ratio. */
  readonly controlRatio: number
  readonly gflops: number
  /** Largest relative difference of a loss over the checked steps. */
  readonly lossDifference: number
  readonly checkedSteps: number
  /** From the creation of the runner to the end of the first step: in a new browser; and by a second runner, with what the first left in caches. */
  readonly oursFirstStepMs: number
  readonly oursWarmFirstStepMs: number
  readonly peerFirstStepMs: number
  /** Most bytes of GPU buffers that a contestant held at one time while it stepped; 0 where it uses none. */
  readonly oursPeakBytes: number
  readonly peerPeakBytes: number
  /** Buffers that ours made after its first step. */
  readonly oursLateBuffers: number
}

/** GFLOP/s of square f32 products. */
export interface MatmulRow {
  readonly size: number
  readonly peer: PeerName
  readonly ours: number
  readonly theirs: number
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

export interface KernelsReport { readonly adapter: string; readonly kernels: readonly KernelRow[] }

/** What a JSON file of results holds; a later run adds to it. */
export interface Results {
  /** Host and sort of adapter, which figures of one file share. Absent in files from before there was a choice. */
  readonly where?: string
  readonly adapter: string
  readonly workloads: readonly TrainingRow[]
  readonly matmul: readonly MatmulRow[]
  readonly kernels: readonly KernelRow[]
  /** Geometric means of the ratios to each peer. */
  readonly geomean: Readonly<Record<string, number>>
}

type Log = (line: string) => void

/** What can be measured there. */
export interface BenchWorker {
  training(options: TrainingOptions, log: Log): Promise<{ readonly adapter: string; readonly row: TrainingRow }>
  matmul(options: { readonly peer: PeerName }, log: Log): Promise<readonly MatmulRow[]>
  kernels(options: KernelsOptions, log: Log): Promise<KernelsReport>
}

export type Benches = { readonly [K in keyof BenchWorker]: (options: Parameters<BenchWorker[K]>[0]) => ReturnType<BenchWorker[K]> }

/** Where measurements run. */
export interface BenchHost {
  /** Runs one of the benchmarks in a new browser, or in a new process. */
  run<K extends keyof Benches>(bench: K, options: Parameters<Benches[K]>[0]): ReturnType<Benches[K]>
  close(): void
}
