// What passes between the Node side of the benchmarks and the worker that measures.

export interface BenchOptions {
  readonly workloads: readonly string[]
  /** Interleaved repetitions; medians are reported. */
  readonly rounds: number
}

export interface TrainingRow {
  readonly name: string
  readonly peer: string
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
  /** From the creation of the runner to the end of the first step. */
  readonly oursFirstStepMs: number
  readonly peerFirstStepMs: number
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

export interface TrainingReport { readonly kind: 'training'; readonly adapter: string; readonly workloads: readonly TrainingRow[] }
export interface KernelsReport { readonly kind: 'kernels'; readonly adapter: string; readonly kernels: readonly KernelRow[] }

/** What the worker exposes through comlink. */
export interface BenchWorker {
  training(options: BenchOptions, log: (line: string) => void): Promise<TrainingReport>
  kernels(options: BenchOptions, log: (line: string) => void): Promise<KernelsReport>
}
