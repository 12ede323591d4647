// The dispatches of a call, bound: one, or several that hand over what they made in workspaces.
import { roundUp } from '../base/math.ts'
import type { Dims, Grid, Kernel, WorkspacePart } from '../kernels/kernel.ts'
import { boundDispatches, type Variant } from './wgsl.ts'

export interface Dispatch {
  readonly pipeline: GPUComputePipeline
  readonly bindings: GPUBindGroup
  readonly grid: Grid
}

export interface Bound {
  readonly kernel: Kernel
  readonly dims: Dims
  readonly variant: Variant
  readonly label: string
  /** Where a buffer of the kernel, or a workspace, lies. */
  readonly resource: (name: string) => GPUBufferBinding
}

/** What binds each dispatch of a call to its pipeline. */
export function bindersOf(device: GPUDevice, { kernel, dims, variant, label, resource }: Bound): readonly ((pipeline: GPUComputePipeline) => Dispatch)[] {
  return boundDispatches(kernel, dims, variant).map(({ bindings, uniform, grid }) => (pipeline) => {
    const numbers = uniform === undefined ? [] : [{ binding: bindings.length, resource: { buffer: uniformOf(device, Object.values(uniform)) } }]
    const entries = [...bindings.map(({ binding, name, part }): GPUBindGroupEntry => ({ binding, resource: partOf(resource(name), part) })), ...numbers]
    return { pipeline, bindings: device.createBindGroup({ label, layout: pipeline.getBindGroupLayout(0), entries }), grid }
  })
}

const partOf = (whole: GPUBufferBinding, part: WorkspacePart | undefined): GPUBufferBinding =>
  part === undefined ? whole : { buffer: whole.buffer, offset: (whole.offset ?? 0) + 4 * part.offset, size: 4 * part.length }

const UNIFORM = 0x40

/** Shapes that pipelines get at run time: a few bytes each, made once for a device and gone with it. */
const uniforms = new WeakMap<GPUDevice, Map<string, GPUBuffer>>()

function uniformOf(device: GPUDevice, numbers: readonly number[]): GPUBuffer {
  const known = uniforms.get(device) ?? new Map<string, GPUBuffer>()
  uniforms.set(device, known)
  const key = numbers.join(' ')
  const buffer = known.get(key) ?? filledUniform(device, numbers)
  known.set(key, buffer)
  return buffer
}

function filledUniform(device: GPUDevice, numbers: readonly number[]): GPUBuffer {
  const buffer = device.createBuffer({ label: `shape ${numbers.join(' ')}`, size: roundUp(4 * numbers.length, 16), usage: UNIFORM, mappedAtCreation: true })
  new Uint32Array(buffer.getMappedRange()).set(numbers)
  buffer.unmap()
  return buffer
}

export function encodeDispatches(pass: GPUComputePassEncoder, dispatches: readonly Dispatch[]): void {
  for (const { pipeline, bindings, grid } of dispatches) {
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bindings)
    pass.dispatchWorkgroups(...grid)
  }
}
