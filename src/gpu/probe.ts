// Runs one variant of a kernel on the device over seeded arrays and compares it with the CPU reference:
// the tuner's proof before a variant may win, and the tests' oracle.
import { roundAllToHalf } from '../base/half.ts'
import { createRng } from '../base/rng.ts'
import { boundBuffers, type Dims, type Kernel, type NumberArray } from '../kernels/kernel.ts'
import { bindersOf, encodeDispatches } from './dispatches.ts'
import { loaded, stored, type HalfMode } from './half-access.ts'
import { createBuffers } from './memory.ts'
import type { Pipelines } from './pipelines.ts'
import { createReadback } from './readback.ts'
import { mismatches, type Mismatch, type ToleranceName } from './tolerance.ts'
import { workspaceOf, type Variant } from './wgsl.ts'

export type Arrays = Readonly<Record<string, Float32Array | Uint32Array>>

/**
 * Seeded contents for the buffers that a call binds. Floats are multiples of 1/64, so that equal values (ties) occur
 * and short sums are exact in any order.
 */
export function probeArrays(kernel: Kernel, dims: Dims): Arrays {
  const rng = createRng(`${kernel.name} ${JSON.stringify(dims)}`)
  return Object.fromEntries(boundBuffers(kernel, dims).map((name) => {
    const buffer = kernel.buffers[name]!
    const length = buffer.length(dims)
    const [low, high] = buffer.range?.(dims) ?? (buffer.element === 'u32' ? [0, 1] : [-1, 1])
    const value = (): number => low + rng.uniform() * (high - low)
    if (buffer.element === 'u32') return [name, Uint32Array.from({ length }, () => Math.floor(value()))]
    const numbers = Float32Array.from({ length }, () => Math.floor(value() * 64) / 64)
    if (buffer.element === 'f16') roundAllToHalf(numbers)
    return [name, numbers]
  }))
}

/** Values that are repeated to fill the buffers that rows are timed on: one by one they would take longer than the timing. */
const PATTERN_LENGTH = 4096

/** As probeArrays, but quick to make for calls of any size. */
export function timingArrays(kernel: Kernel, dims: Dims): Arrays {
  const rng = createRng(kernel.name)
  return Object.fromEntries(boundBuffers(kernel, dims).map((name) => {
    const { element, length, range } = kernel.buffers[name]!
    const [low, high] = range?.(dims) ?? (element === 'u32' ? [0, 1] : [-1, 1])
    const array = element === 'u32' ? new Uint32Array(length(dims)) : new Float32Array(length(dims))
    for (let i = 0; i < Math.min(PATTERN_LENGTH, array.length); i++) array[i] = low + rng.uniform() * (high - low)
    if (element === 'f16') roundAllToHalf(array.subarray(0, PATTERN_LENGTH) as Float32Array)
    for (let filled = PATTERN_LENGTH; filled < array.length; filled *= 2) array.copyWithin(filled, 0, filled)
    return [name, array]
  }))
}

/** Buffers of a call on the device, filled and bound. */
export interface Bench {
  readonly buffers: Readonly<Record<string, GPUBuffer>>
  dispatch(pass: GPUComputePassEncoder, pipelines: readonly GPUComputePipeline[], variant: Variant, times?: number): void
  destroy(): void
}

export interface BenchCall {
  readonly kernel: Kernel
  readonly dims: Dims
  readonly arrays: Arrays
  /** Those that will run. */
  readonly variants: readonly Variant[]
  /** That of the pipelines. */
  readonly halfMode: HalfMode
}

export async function createBench(device: GPUDevice, { kernel, dims, arrays, variants, halfMode }: BenchCall): Promise<Bench> {
  const names = boundBuffers(kernel, dims)
  const contents = names.map((name) => stored(arrays[name]!, kernel.buffers[name]!.element, halfMode))
  const shared = Object.entries(workspaceOf(dims, variants)).filter(([, elements]) => elements > 0)
  const list = await createBuffers(device, [...names.map((name, i) => ({ label: `bench ${kernel.name} ${name}`, bytes: contents[i]!.byteLength })), ...shared.map(([name, elements]) => ({ label: `bench ${name}`, bytes: 4 * elements }))])
  const places = [...names, ...shared.map(([name]) => name)]
  contents.forEach((content, i) => device.queue.writeBuffer(list[i]!, 0, content as Float32Array<ArrayBuffer>))
  const resource = (name: string): GPUBufferBinding => ({ buffer: list[places.indexOf(name)]! })
  return {
    buffers: Object.fromEntries(names.map((name, i) => [name, list[i]!])),
    dispatch(pass, pipelines, variant, times = 1) {
      const dispatches = bindersOf(device, { kernel, dims, variant, label: `bench ${kernel.name}`, resource }).map((bind, i) => bind(pipelines[i]!))
      for (let i = 0; i < times; i++) encodeDispatches(pass, dispatches)
    },
    destroy: () => list.forEach((buffer) => buffer.destroy()),
  }
}

export interface ProbeRun {
  readonly device: GPUDevice
  readonly pipelines: Pipelines
  readonly kernel: Kernel
  readonly dims: Dims
  readonly variant: Variant
  readonly tolerance: ToleranceName
}

/** The first elements in which the variant differs from the reference; empty where it is right. */
export async function probe({ device, pipelines, kernel, dims, variant, tolerance }: ProbeRun): Promise<readonly Mismatch[]> {
  const arrays = probeArrays(kernel, dims)
  const made = await pipelines.get(kernel, dims, variant)
  const { halfMode } = pipelines
  const bench = await createBench(device, { kernel, dims, arrays, variants: [variant], halfMode })
  const encoder = device.createCommandEncoder({ label: `probe ${kernel.name}` })
  const pass = encoder.beginComputePass()
  bench.dispatch(pass, made, variant)
  pass.end()
  device.queue.submit([encoder.finish()])
  const written = Object.keys(arrays).filter((name) => kernel.buffers[name]!.access !== 'read')
  const readback = createReadback(device)
  const actual = await readback.read(written.map((name) => ({ buffer: bench.buffers[name]!, offsetBytes: 0, bytes: bench.buffers[name]!.size })))
  readback.destroy()
  bench.destroy()
  const expected: Record<string, NumberArray> = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.slice()]))
  kernel.reference(dims, expected)
  return written.flatMap((name, i) => mismatches(name, loaded(actual[i]!, arrays[name]!.length, kernel.buffers[name]!.element, halfMode), expected[name]!, tolerance))
}
