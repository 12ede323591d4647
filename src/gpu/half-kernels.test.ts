// Kernels whose activations are stored as f16. That every row compiles as it is meant is asked of Dawn without a device behind it;
// what rows compute is compared with the reference on a real implementation that emulates f16, as software adapters have none.
import { describe, expect, it } from 'vitest'
import { product } from '../base/math.ts'
import { halfBuffers, inHalf } from '../kernels/half.ts'
import { kernels } from '../kernels/index.ts'
import { dispatchesOf, type Dims, type GpuCapabilities, type Kernel } from '../kernels/kernel.ts'
import { softmax } from '../kernels/softmax.ts'
import { allVariants, candidates, fits } from './candidates.ts'
import { openDevice } from './device.ts'
import { createPipelines } from './pipelines.ts'
import { probe } from './probe.ts'
import { nullGpu, testGpu } from './test-gpu.ts'
import { describeMismatches } from './tolerance.ts'
import { describeVariant, type Variant } from './wgsl.ts'

const halves = kernels.entries().map(([, kernel]) => inHalf(kernel, halfBuffers(kernel))).filter(({ buffers }) => Object.values(buffers).some(({ element }) => element === 'f16'))

describe('every row compiles for f16', async () => {
  const nothing = await nullGpu()
  const { device, capabilities } = await openDevice(nothing)
  const pipelines = createPipelines(device)
  /** Rows for subgroups of any size, and those for SwiftShader's. */
  const sorts: readonly GpuCapabilities[] = [capabilities, { ...capabilities, subgroupMinSize: 4, subgroupMaxSize: 4, software: true }]

  it.each(halves.map((kernel) => [kernel.name, kernel] as const))('%s', async (_, kernel) => {
    await Promise.all(allVariants(kernel).map((variant) => pipelines.get(kernel, kernel.probes.find((dims) => sorts.some((sort) => fits(kernel, variant, dims, sort)))!, variant)))
  })

  it('only where there is f16', async () => {
    const without = createPipelines(await (await nothing.requestAdapter())!.requestDevice())
    const kernel = inHalf(softmax, ['x', 'y']), dims = kernel.probes[0]!
    await expect(without.get(kernel, dims, candidates(kernel, dims, capabilities)[0]!)).rejects.toThrow(/f16/)
  })
})

const gpu = await testGpu()
const opened = gpu === undefined ? undefined : await openDevice(gpu)

describe.skipIf(opened === undefined)('what is computed with activations in f16', () => {
  const { device, capabilities } = opened ?? ({} as NonNullable<typeof opened>)

  it.each(halves.map((kernel) => [kernel.name, kernel] as const))('%s', async (_, kernel) => {
    const pipelines = createPipelines(device, 'emulated')
    const wrong = await Promise.all(algorithmsOf(kernel).map(async ([variant, dims]) => {
      const list = await probe({ device, pipelines, kernel, dims, variant, tolerance: 'half' })
      return list.length === 0 ? [] : [`${describeVariant(kernel, variant)} ${JSON.stringify(dims)}\n${describeMismatches(list)}`]
    }))
    expect(wrong.flat().join('\n')).toBe('')
  })

  const invocations = (kernel: Kernel, { algorithm, consts }: Variant, dims: Dims): number => product(dispatchesOf(kernel, algorithm, dims, consts)[0]!.workgroup)

  /** One row of each algorithm, that of the smallest workgroup, on a probe that it fits: how elements are read and written does not depend on the row. */
  function algorithmsOf(kernel: Kernel): readonly (readonly [Variant, Dims])[] {
    return kernel.algorithms.flatMap((algorithm) => {
      const found = kernel.probes.flatMap((dims) => candidates(kernel, dims, capabilities).filter((variant) => variant.algorithm === algorithm).map((variant) => [variant, dims] as const))
      return found.sort((a, b) => invocations(kernel, ...a) - invocations(kernel, ...b)).slice(0, 1)
    })
  }
})
