import { describe, expect, it } from 'vitest'
import { createCpuRunner } from '../../../src/cpu/runner.ts'
import { createWasmRunner } from '../../../src/wasm/runner.ts'
import { createOurMultiplier, operandsOf } from './our-product.ts'

const SIZE = 9

function expected(): readonly number[] {
  const { a, b } = operandsOf(SIZE)
  return Array.from({ length: SIZE * SIZE }, (_, i) => {
    const row = Math.floor(i / SIZE), column = i % SIZE
    return Array.from({ length: SIZE }, (_, k) => a[row * SIZE + k]! * b[k * SIZE + column]!).reduce((sum, each) => sum + each, 0)
  })
}

describe('our square products', () => {
  it.each([['cpu', createCpuRunner], ['wasm', createWasmRunner]])('are right after any number of them by %s', async (_name, create) => {
    const runner = await create()
    const ours = await createOurMultiplier(runner, SIZE, operandsOf(SIZE))
    await ours.repeat(23)
    const product = await ours.product()
    expect(product).toHaveLength(SIZE * SIZE)
    expected().forEach((value, i) => expect(product[i]).toBeCloseTo(value, 5))
    runner.dispose()
  })

  it('are as many as were asked for', async () => {
    const runner = createCpuRunner()
    let products = 0
    const counting = { ...runner, load: async (plans: Parameters<typeof runner.load>[0]) => {
      const program = await runner.load(plans)
      return { ...program, run: (name: string) => { products += plans.find((plan) => plan.name === name)!.calls.length } }
    } }
    const ours = await createOurMultiplier(counting, SIZE, operandsOf(SIZE))
    await ours.repeat(23)
    expect(products).toBe(23)
    await ours.repeat(1)
    expect(products).toBe(24)
  })
})
