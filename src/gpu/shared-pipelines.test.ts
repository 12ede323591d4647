// Shapes that come at run time: calls that differ by them alone are one pipeline, and each still computes its own.
import { describe, expect, it } from 'vitest'
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from '../kernels/conv2d.ts'
import type { Dims, Kernel } from '../kernels/kernel.ts'
import { matmul } from '../kernels/matmul.ts'
import { reduce } from '../kernels/reduce.ts'
import { allVariants, findVariant } from './candidates.ts'
import { openDevice } from './device.ts'
import { createPipelines, type Compiled, type Pipelines } from './pipelines.ts'
import { probe } from './probe.ts'
import { testGpu } from './test-gpu.ts'
import { shaderSources, type Variant } from './wgsl.ts'

const gpu = await testGpu()
const opened = gpu === undefined ? undefined : await openDevice(gpu)

const conv = { N: 2, H: 6, W: 9, C: 8, F: 12, KH: 3, KW: 3, OH: 6, OW: 9, SH: 1, SW: 1, PT: 1, PL: 1, BIAS: 0, ACT: 0 }
const other = { ...conv, N: 1, H: 5, W: 4, C: 4, F: 20, OH: 5, OW: 4 }
const row = (kernel: Kernel, name: string, consts: Dims): Variant => findVariant(allVariants(kernel), name, consts)!
const strips = row(conv2d, 'quad-strips', { ROWS: 4, BLOCKS: 1 })
const turned = row(conv2dInputGradient, 'turned-quad-strips', { ROWS: 4, BLOCKS: 1 })
const sum = row(reduce, 'serial-shared', { X: 4 })
const alone = async (pipelines: Pipelines, kernel: Kernel, dims: Dims, variant: Variant): Promise<readonly Compiled[]> => (await pipelines.compiled(kernel, dims, variant, { alone: true, deadline: Infinity }))!
const textOf = (kernel: Kernel, dims: Dims, variant: Variant): string => shaderSources(kernel, dims, variant).at(-1)!

describe('shared pipelines', () => {
  it('are one shader for convolutions of any size and for their input gradients', () => {
    const text = textOf(conv2d, conv, strips)
    expect(textOf(conv2d, other, strips)).toBe(text)
    expect(textOf(conv2dInputGradient, conv, turned)).toBe(text)
    expect(textOf(conv2dInputGradient, other, turned)).toBe(text)
  })

  it('are another where more than the shape differs', () => {
    const text = textOf(conv2d, conv, strips)
    for (const differs of [{ KW: 4 }, { SW: 2, OW: 5 }, { BIAS: 1 }, { ACT: 1 }, { C: 3 }, { PT: 0, PL: 0, OH: 4, OW: 7 }, { KH: 2, OH: 7 }]) {
      expect(textOf(conv2d, { ...conv, ...differs }, strips), JSON.stringify(differs)).not.toBe(text)
    }
  })

  it('are one shader for products of any size, those of transformed tiles too', () => {
    const product = { M: 20, N: 28, K: 40, TA: 0, TB: 0, BIAS: 0, ACT: 0 }
    const tile = (consts: Dims): Variant => row(matmul, 'quad-tiles', { ROWS: 8, BLOCKS: 1, DEPTH: 2, ...consts })
    const text = textOf(matmul, product, tile({}))
    expect(textOf(matmul, { ...product, M: 64, N: 12, K: 3136 }, tile({}))).toBe(text)
    for (const differs of [{ K: 41 }, { TA: 1 }, { TB: 1 }, { BIAS: 1 }, { ACT: 1 }]) expect(textOf(matmul, { ...product, ...differs }, tile({})), JSON.stringify(differs)).not.toBe(text)

    const wide = { ...conv, C: 32, F: 64, KH: 5, KW: 5, PT: 2, PL: 2, BIAS: 1, ACT: 1 }
    const consts = { ROWS: 4, BLOCKS: 1, DEPTH: 1 }
    const texts = (kernel: Kernel): readonly string[] => shaderSources(kernel, wide, row(kernel, 'winograd', { ...consts, ROUND_KIB: 8192 }))
    expect(texts(conv2d)).toContain(textOf(matmul, product, tile(consts)))
    expect(texts(conv2dInputGradient)).toContain(textOf(matmul, product, tile(consts)))
    expect(texts(conv2dFilterGradient)).toContain(textOf(matmul, { ...product, TA: 1 }, tile(consts)))
    // Bias and activation apart, and the product is any other.
    expect(shaderSources(matmul, { ...product, BIAS: 1, ACT: 1 }, row(matmul, 'quad-tiles-apart', consts))[0]).toBe(textOf(matmul, product, tile(consts)))
    // Windows of an input are transformed by one shader in all three.
    expect(new Set([texts(conv2d)[1], texts(conv2dInputGradient)[1], texts(conv2dFilterGradient)[0]]).size).toBe(1)
  })

  it.skipIf(opened === undefined)('are compiled once, and compute what each call asks for', async () => {
    const { device } = opened!
    const pipelines = createPipelines(device)
    const calls = [[conv2d, conv, strips], [conv2d, other, strips], [conv2dInputGradient, conv, turned], [conv2dInputGradient, other, turned]] as const
    const made = await Promise.all(calls.map(([kernel, dims, variant]) => pipelines.get(kernel, dims, variant)))
    expect(new Set(made.map((list) => list.at(-1))).size).toBe(1)
    const sums = [{ OUTER: 1, AXIS: 77, INNER: 33, MEAN: 0 }, { OUTER: 5, AXIS: 9, INNER: 3, MEAN: 0 }]
    expect(new Set((await Promise.all(sums.map((dims) => pipelines.get(reduce, dims, sum)))).flat()).size).toBe(1)
    for (const [kernel, dims, variant] of [...calls, ...sums.map((dims) => [reduce, dims, sum] as const)]) {
      expect(await probe({ device, pipelines, kernel, dims, variant, tolerance: 'balanced' }), `${kernel.name} ${JSON.stringify(dims)}`).toEqual([])
    }
  })

  it.skipIf(opened === undefined)('know what each takes to compile, once and alone', async () => {
    const { device } = opened!
    const asked: string[] = []
    const counting = new Proxy(device, {
      get(target, key) {
        if (key === 'createShaderModule') return (descriptor: GPUShaderModuleDescriptor) => { asked.push(descriptor.code); return target.createShaderModule(descriptor) }
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const pipelines = createPipelines(counting)
    // Beside each other, so neither time is that of one alone.
    await Promise.all([pipelines.get(conv2d, conv, strips), pipelines.get(conv2dInputGradient, conv, turned)])
    expect(asked).toHaveLength(2)
    expect(await pipelines.compiled(conv2d, conv, strips, { alone: false, deadline: Infinity })).toHaveLength(1)
    expect(await pipelines.compiled(conv2d, conv, strips, { alone: true, deadline: 0 })).toBeUndefined()
    expect(asked).toHaveLength(2)
    const first = await alone(pipelines, conv2d, conv, strips)
    expect(first).toHaveLength(1)
    expect(first[0]!.ms).toBeGreaterThan(0)
    expect(asked).toHaveLength(3)
    const second = await alone(pipelines, conv2dInputGradient, conv, turned)
    expect(second).toHaveLength(2)
    expect(second[1]).toEqual(first[0])
    // Known by now, and what is made alone is known at once.
    await alone(pipelines, conv2d, conv, strips)
    await alone(pipelines, reduce, { OUTER: 1, AXIS: 77, INNER: 33, MEAN: 0 }, sum)
    await alone(pipelines, reduce, { OUTER: 1, AXIS: 77, INNER: 33, MEAN: 0 }, sum)
    expect(asked).toHaveLength(5)
  })
})
