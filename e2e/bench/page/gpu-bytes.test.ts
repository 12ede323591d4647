import { describe, expect, it } from 'vitest'
import type { StepData } from './contestant.ts'
import { createBufferMeter, metered, watchBuffers } from './gpu-bytes.ts'

class FakeDevice {
  createBuffer({ size }: GPUBufferDescriptor): GPUBuffer {
    return { size, destroy: () => undefined } as unknown as GPUBuffer
  }
}

watchBuffers(FakeDevice)
const device = new FakeDevice()
const make = (size: number): GPUBuffer => device.createBuffer({ size, usage: 0 })

describe('a meter of buffers', () => {
  it('counts what its own work makes, and not what others make', async () => {
    const ours = createBufferMeter(), theirs = createBufferMeter()
    await ours.during(async () => make(100))
    await theirs.during(async () => { make(1_000).destroy() })
    make(5_000)
    expect(ours.count()).toEqual({ peakBytes: 100, liveBytes: 100, made: 1 })
    expect(theirs.count()).toEqual({ peakBytes: 1_000, liveBytes: 0, made: 1 })
  })

  it('takes a buffer off its owner whoever destroys it, once', async () => {
    const ours = createBufferMeter(), theirs = createBufferMeter()
    const buffer = await ours.during(async () => make(100))
    await theirs.during(async () => { buffer.destroy() })
    buffer.destroy()
    expect(ours.count().liveBytes).toBe(0)
    expect(theirs.count()).toEqual({ peakBytes: 0, liveBytes: 0, made: 0 })
  })

  it('starts again with what is held', async () => {
    const meter = createBufferMeter()
    await meter.during(async () => {
      make(100)
      make(50).destroy()
    })
    expect(meter.count()).toEqual({ peakBytes: 150, liveBytes: 100, made: 2 })
    meter.restart()
    expect(meter.count()).toEqual({ peakBytes: 100, liveBytes: 100, made: 0 })
  })

  it('counts all steps of a contestant', async () => {
    const meter = createBufferMeter()
    const contestant = metered(meter, {
      lossOf: async (_data: StepData) => make(1).size,
      steps: async (batches: readonly StepData[]) => { for (const _ of batches) make(10).destroy() },
      dispose: () => undefined,
    })
    expect(await contestant.lossOf({})).toBe(1)
    await contestant.steps([{}, {}, {}])
    expect(meter.count()).toEqual({ peakBytes: 11, liveBytes: 1, made: 4 })
  })
})
