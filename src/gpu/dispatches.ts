// The dispatches of a call with what they bind: one, or two where an algorithm finishes what it left in the workspace.
import { dispatchSizes, type Dims, type Grid, type Kernel } from '../kernels/kernel.ts'
import { boundByDispatch, type Variant } from './wgsl.ts'

export interface Dispatch {
  readonly pipeline: GPUComputePipeline
  readonly bindings: GPUBindGroup
  readonly grid: Grid
}

export interface Bound {
  readonly kernel: Kernel
  readonly dims: Dims
  readonly variant: Variant
  /** Those of the variant, in order. */
  readonly pipelines: readonly GPUComputePipeline[]
  readonly label: string
  /** Where a buffer of the kernel, or the workspace, lies. */
  readonly resource: (name: string) => GPUBufferBinding
}

export function bindDispatches(device: GPUDevice, { kernel, dims, variant, pipelines, label, resource }: Bound): readonly Dispatch[] {
  const sizes = dispatchSizes(variant.algorithm, dims, variant.consts)
  return boundByDispatch(kernel, dims, variant).map((names, i) => {
    const pipeline = pipelines[i]!
    const entries = names.map(([binding, name]): GPUBindGroupEntry => ({ binding, resource: resource(name) }))
    return { pipeline, bindings: device.createBindGroup({ label, layout: pipeline.getBindGroupLayout(0), entries }), grid: sizes[i]!.grid }
  })
}

export function encodeDispatches(pass: GPUComputePassEncoder, dispatches: readonly Dispatch[]): void {
  for (const { pipeline, bindings, grid } of dispatches) {
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bindings)
    pass.dispatchWorkgroups(...grid)
  }
}
