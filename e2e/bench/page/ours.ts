// Our engine as a contestant: the train Plan on the WebGPU runner, or on the WASM one.
import { browserGpu } from '../../../src/gpu/device.ts'
import { createGpuRunner } from '../../../src/gpu/runner.ts'
import type { TuningStore } from '../../../src/gpu/tuning-store.ts'
import type { Program, Runner } from '../../../src/graph/plan.ts'
import { METRICS } from '../../../src/kernels/reduce.ts'
import { unpack } from '../../../src/model/layout.ts'
import { compileProgram, type CompiledProgram } from '../../../src/train/program.ts'
import type { Workload } from '../workloads.ts'
import type { Contestant, StepData } from './contestant.ts'

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

export async function createOurs(runner: Runner, workload: Workload, params: Float32Array): Promise<Ours> {
  const compiled = compileWorkload(workload)
  const train = compiled.plans.train!
  const program: Program = await runner.load([train])
  for (const { name, role } of train.allocations) if (role === 'persistent') program.clear(name)
  program.write('params', unpack(compiled.layout, params))
  const weights = new Float32Array(workload.batchSize).fill(1 / workload.batchSize)
  let step = 0
  const run = (data: StepData): void => program.run('train', { ...data, weights, ...compiled.update!.inputs(++step) })
  return {
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
    async improve(ms) {
      const end = performance.now() + ms
      while (performance.now() < end && await program.improve?.(end - performance.now()) === true);
    },
    dispose: () => program.dispose(),
  }
}
