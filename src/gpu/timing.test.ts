// How rows are timed, on a stopwatch that says what each call takes.
import { describe, expect, it } from 'vitest'
import type { Bench } from './probe.ts'
import { timeVariant } from './timing.ts'

interface Row { readonly ms: number; readonly firstMs?: number; readonly best?: number; readonly software?: boolean; readonly deadline?: number }

async function time({ ms, firstMs = ms, best = Infinity, software = false, deadline = Infinity }: Row): Promise<{ readonly result: number; readonly batches: readonly number[] }> {
  const batches: number[] = []
  const bench = { dispatch: (_pass: unknown, _pipelines: unknown, _variant: unknown, times: number) => void batches.push(times) } as unknown as Bench
  const stopwatch = {
    time: async (encode: (pass: GPUComputePassEncoder) => void) => {
      encode({} as GPUComputePassEncoder)
      return batches.length === 1 ? firstMs : ms * batches.at(-1)!
    },
    destroy: () => undefined,
  }
  const result = await timeVariant(stopwatch, { bench, pipelines: [], variant: { algorithm: {} as never, consts: {} }, software, best, deadline })
  return { result, batches }
}

describe('the time of a row', () => {
  it('is taken over batches of milliseconds where a call takes microseconds', async () => {
    const { result, batches } = await time({ ms: 0.005, firstMs: 90 })
    expect(result).toBeCloseTo(0.005)
    expect(Math.max(...batches)).toBeGreaterThan(500)
    expect(Math.max(...batches)).toBeLessThanOrEqual(1024)
  })

  it('is taken over single calls where those are long enough', async () => expect((await time({ ms: 20 })).batches).toEqual([1, 1, 1, 1]))

  it('is that of the first call where it is very long, or hopeless on a software adapter', async () => {
    expect((await time({ ms: 400 })).batches).toEqual([1])
    expect((await time({ ms: 20, best: 5, software: true })).batches).toEqual([1])
  })

  it('does not blame a row on a GPU for what its driver does at the first use', async () => {
    expect((await time({ ms: 4, firstMs: 90, best: 5 })).result).toBe(4)
    expect((await time({ ms: 20, firstMs: 90, best: 5 })).batches).toEqual([1, 1])
  })

  it('is rough once the deadline has come', async () => expect((await time({ ms: 1, deadline: 0 })).batches).toEqual([1, 1]))
})
