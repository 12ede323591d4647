// Our engine as a contestant: the train Plan on the WebGPU runner, or on the WASM one.
import { product } from '../../../src/base/math.ts'
import { browserGpu } from '../../../src/gpu/device.ts'
import { createGpuRunner } from '../../../src/gpu/runner.ts'
import type { TuningStore } from '../../../src/gpu/tuning-store.ts'
import type { Program, Runner } from '../../../src/graph/plan.ts'
import { METRICS } from '../../../src/kernels/reduce.ts'
import { unpack } from '../../../src/model/layout.ts'
import { compileProgram, type CompiledProgram } from '../../../src/train/program.ts'
import type { Workload } from '../workloads.ts'
import type { Contestant, DataShape, StepData } from './contestant.ts'
import { metered, type BufferMeter } from './gpu-bytes.ts'

export interface Ours extends Contestant {
  readonly flops: number
  /** Tunes for about this long, as volunteers do between leases. */
  improve(ms: number): Promise<void>
}

export function memoryStore(): TuningStore {
  const entries = new Map<string, string>()
  return { get: async (key) => entries.get(key), set: async (key, value) => { entries.set(key, value) } }
}

/** As a volunteer opens it: on a software adapter nothing is tuned before the first step. */
export const openGpu = (tuning: TuningStore): Promise<Runner> => createGpuRunner({ gpu: browserGpu(), tuning })

export const compileWorkload = ({ spec, batchSize, optimizer }: Workload): CompiledProgram => compileProgram(spec, { batchSize, optimizer })

/** What the data of a workload must be like. */
export function dataShapeOf({ batchSize }: Workload, { model: { output: { shape } } }: CompiledProgram): DataShape {
  const classes = shape.at(-1)!
  return { labels: { perExample: product(shape) / classes / batchSize, classes } }
}

/** Idle time before anything is timed: what started quickly goes over to better rows. */
export const IDLE_MS = 5_000

export interface OursOptions {
  readonly workload: Workload
  /** Packed. */
  readonly params: Float32Array
  /** Counts the buffers of all that it does. */
  readonly meter: BufferMeter
}

export async function createOurs(runner: Runner, { workload, params, meter }: OursOptions): Promise<Ours> {
  const compiled = compileWorkload(workload)
  const train = compiled.plans.train!
  const program: Program = await meter.during(() => runner.load([train]))
  for (const { name, role } of train.allocations) if (role === 'persistent') program.clear(name)
  program.write('params', unpack(compiled.layout, params))
  const weights = new Float32Array(workload.batchSize).fill(1 / workload.batchSize)
  let step = 0
  const run = (data: StepData): void => program.run('train', { ...data, weights, ...compiled.update!.inputs(++step) })
  return metered(meter, {
    flops: train.calls.reduce((sum, call) => sum + call.kernel.flops(call.dims), 0),
    async lossOf(data) {
      program.clear('metrics')
      run(data)
      const [metrics] = await program.read(['metrics'])
      return metrics![METRICS.loss]!
    },
    async steps(batches) {
      for (const data of batches) run(data)
      await program.settled()
    },
    improve: (ms) => meter.during(() => improve(program, ms)),
    dispose: () => program.dispose(),
  })
}

/** Tunes for about this long, or until there is nothing left to try. */
export async function improve(program: Program, ms: number): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end && await program.improve?.(end - performance.now()) === true);
}
