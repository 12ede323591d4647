// Our engine as a contestant: the train Plan on the WebGPU runner.
import { createGpuRunner, type GpuRunner } from '../../../src/gpu/runner.ts'
import { browserGpu } from '../../../src/gpu/device.ts'
import type { Program } from '../../../src/graph/plan.ts'
import { METRICS } from '../../../src/kernels/reduce.ts'
import { unpack } from '../../../src/model/layout.ts'
import { zoo } from '../../../src/model/zoo/index.ts'
import { compileProgram, type CompiledProgram } from '../../../src/train/program.ts'
import type { Workload } from '../workloads.ts'
import type { Contestant, StepData } from './training.ts'

export interface Ours extends Contestant {
  readonly flops: number
}

/** A runner of its own whose tuning is done before anything is timed. */
export const openRunner = (): Promise<GpuRunner> => createGpuRunner({ gpu: browserGpu(), tuneBudgetMs: 20_000 })

export const compileWorkload = ({ name, batchSize, optimizer }: Workload): CompiledProgram => compileProgram(zoo.get(name).spec, { batchSize, optimizer })

export async function createOurs(runner: GpuRunner, workload: Workload, params: Float32Array): Promise<Ours> {
  const compiled = compileWorkload(workload)
  const train = compiled.plans.train!
  const program: Program = await runner.load([train])
  for (const name of train.allocations.filter(({ role }) => role === 'persistent').map((allocation) => allocation.name)) program.clear(name)
  program.write('params', unpack(compiled.layout, params))
  const weights = new Float32Array(workload.batchSize).fill(1 / workload.batchSize)
  let step = 0
  const run = ({ x, labels }: StepData): void => program.run('train', { x, labels, weights, ...compiled.update!.inputs(++step) })
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
    dispose: () => program.dispose(),
  }
}
