// The GPU memory of many training steps: most bytes held at one time, and buffers made after the first step. Between the
// first and the second the tuner has some idle time, as between a volunteer's leases; what it does not give back is told.
import { initialParams } from '../../../src/model/initial-params.ts'
import type { MemoryMark, MemoryOptions, MemoryRow } from '../messages.ts'
import { workloadNamed } from '../workloads.ts'
import { batchesOf, type StepData } from './contestant.ts'
import { createBufferMeter } from './gpu-bytes.ts'
import { compileWorkload, createOurs, dataShapeOf, IDLE_MS, memoryStore, openGpu } from './ours.ts'

/** Steps that are asked for before anything is waited for. */
const AT_ONCE = 50

export async function measureMemory({ workload: name, steps }: MemoryOptions, log: (line: string) => void): Promise<MemoryRow> {
  const workload = workloadNamed(name)
  const data = batchesOf(workload, dataShapeOf(workload, compileWorkload(workload)))
  const batchAt = (step: number): StepData => data[step % data.length]!
  const meter = createBufferMeter()
  const runner = await meter.during(() => openGpu(memoryStore()))
  const ours = await createOurs(runner, { workload, params: initialParams(workload.spec, 1), meter })
  const marks: MemoryMark[] = []
  /** Takes a step whose loss is read, as that takes a buffer too. */
  const takeMark = async (step: number): Promise<void> => {
    const loss = await ours.lossOf(batchAt(step))
    const { peakBytes, made } = meter.count()
    marks.push({ step, peakBytes, lateBuffers: step === 1 ? 0 : made, loss })
    log(`${name}: step ${step} of ${steps}, at most ${(peakBytes / 2 ** 20).toFixed(1)} MiB`)
  }
  // What a GPU's tuner took before the first step is no part of it.
  meter.restart()
  await takeMark(1)
  const { liveBytes } = meter.count()
  meter.restart()
  await ours.improve(IDLE_MS)
  const tuning = { peakBytes: meter.count().peakBytes, leftBytes: meter.count().liveBytes - liveBytes }
  meter.restart()
  const start = performance.now()
  let step = 1
  for (const mark of marksUpTo(steps)) {
    while (step < mark - 1) {
      const count = Math.min(AT_ONCE, mark - 1 - step)
      await ours.steps(Array.from({ length: count }, (_, i) => batchAt(step + 1 + i)))
      step += count
    }
    await takeMark(++step)
  }
  const seconds = (performance.now() - start) / 1000
  ours.dispose()
  return { name, adapter: runner.adapter.name, batchSize: workload.batchSize, steps, seconds, marks, tuning }
}

/** 10, 100, 1000 and so on, and `steps` itself. */
function marksUpTo(steps: number): readonly number[] {
  const marks: number[] = []
  for (let mark = 10; mark < steps; mark *= 10) marks.push(mark)
  return [...marks, steps]
}
