// Times dispatches: by timestamp queries where the device has them and they are fine enough, else by the wall clock.
// Browsers quantise timestamps to 100 us, and some drivers return zeros, so each reading is held against the wall clock.

export interface Stopwatch {
  /** Milliseconds that the pass recorded by `encode` took, in one submit. */
  time(encode: (pass: GPUComputePassEncoder) => void): Promise<number>
  destroy(): void
}

/** Passes with nothing in them, the quickest of which says what a submit and hearing of its end take by themselves. */
const EMPTY_PASSES = 3
/** No reading is less. */
const LEAST_MS = 1e-4

/** A timestamp's difference counts from this on: twenty of a browser's quanta. */
const LEAST_TIMESTAMP_MS = 2

const QUERY_RESOLVE_COPY_SRC = 0x200 | 0x04
const MAP_READ_COPY_DST = 0x01 | 0x08

export function createStopwatch(device: GPUDevice): Stopwatch {
  const clock = device.features.has('timestamp-query') ? createTimestamps(device) : undefined
  let trusted = clock !== undefined
  let overheadMs: number | undefined
  const reading = async (encode: (pass: GPUComputePassEncoder) => void): Promise<{ readonly ms: number; readonly wall: boolean }> => {
    const encoder = device.createCommandEncoder({ label: 'stopwatch' })
    const pass = encoder.beginComputePass({ label: 'stopwatch', ...(trusted ? { timestampWrites: clock!.writes } : {}) })
    encode(pass)
    pass.end()
    if (trusted) clock!.resolve(encoder)
    const start = performance.now()
    device.queue.submit([encoder.finish()])
    if (!trusted) {
      await device.queue.onSubmittedWorkDone()
      return { ms: performance.now() - start, wall: true }
    }
    const ms = await clock!.read()
    const wallMs = performance.now() - start
    if (ms > wallMs || (wallMs > 10 * LEAST_TIMESTAMP_MS && ms <= 0)) trusted = false
    return trusted && ms >= LEAST_TIMESTAMP_MS ? { ms, wall: false } : { ms: wallMs, wall: true }
  }
  const emptyMs = async (): Promise<number> => {
    let least = Infinity
    for (let i = 0; i < EMPTY_PASSES; i++) least = Math.min(least, (await reading(() => undefined)).ms)
    return least
  }
  return {
    async time(encode) {
      overheadMs ??= await emptyMs()
      const { ms, wall } = await reading(encode)
      return wall ? Math.max(LEAST_MS, ms - overheadMs) : ms
    },
    destroy: () => clock?.destroy(),
  }
}

interface Timestamps {
  readonly writes: GPUComputePassTimestampWrites
  resolve(encoder: GPUCommandEncoder): void
  /** Milliseconds between the last pass's two timestamps. */
  read(): Promise<number>
  destroy(): void
}

function createTimestamps(device: GPUDevice): Timestamps {
  const querySet = device.createQuerySet({ label: 'stopwatch', type: 'timestamp', count: 2 })
  const resolved = device.createBuffer({ label: 'stopwatch', size: 16, usage: QUERY_RESOLVE_COPY_SRC })
  const staging = device.createBuffer({ label: 'stopwatch readback', size: 16, usage: MAP_READ_COPY_DST })
  return {
    writes: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    resolve(encoder) {
      encoder.resolveQuerySet(querySet, 0, 2, resolved, 0)
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16)
    },
    async read() {
      const mapped = staging.mapAsync(0x01)
      // Firefox looks at pending maps only every 100 ms unless something is submitted.
      device.queue.submit([])
      await mapped
      const [begin, end] = new BigUint64Array(staging.getMappedRange())
      const ms = Number(end! - begin!) / 1e6
      staging.unmap()
      return ms
    },
    destroy() {
      querySet.destroy()
      resolved.destroy()
      staging.destroy()
    },
  }
}
