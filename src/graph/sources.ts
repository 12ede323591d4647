// Tensors that a graph starts from: inputs written by the host, params inside an arena, and whole persistent allocations.
import type { ElementType } from '../kernels/kernel.ts'
import { apply, type Attrs, type Op, type Tensor } from './tensor.ts'

type SourceAttrs = Attrs & { readonly name: string; readonly shape: readonly number[]; readonly element: ElementType; readonly offset?: number }

const source = (name: string): Op<SourceAttrs> => ({
  name,
  infer: (_inputs, { shape, element }) => [{ shape, element }],
  probes: [],
})

const inputOp = source('input')
const paramOp = source('param')
const stateOp = source('state')

/** A tensor that the host writes before each run of the plan. */
export const input = (name: string, shape: readonly number[], element: ElementType = 'f32'): Tensor => apply(inputOp, [], { name, shape, element })[0]!

/** A trained tensor. Which arena it lies in, and where, is said when a plan is compiled. */
export const param = (name: string, shape: readonly number[]): Tensor => apply(paramOp, [], { name, shape, element: 'f32' })[0]!

/** A persistent allocation as a whole, or `length` of its elements from `offset` on, a multiple of 64. */
export const state = (name: string, length: number, offset = 0): Tensor => apply(stateOp, [], { name, shape: [length], element: 'f32', offset })[0]!

export const isSource = (tensor: Tensor): boolean => isInput(tensor) || isState(tensor) || isParam(tensor)
export const isParam = (tensor: Tensor): boolean => (tensor.node.op as unknown) === paramOp
export const isInput = (tensor: Tensor): boolean => (tensor.node.op as unknown) === inputOp
export const isState = (tensor: Tensor): boolean => (tensor.node.op as unknown) === stateOp
/** Where in its allocation a `state` begins, in elements. */
export const stateOffset = (tensor: Tensor): number => Number(tensor.node.attrs['offset'])
export const sourceName = (tensor: Tensor): string => String(tensor.node.attrs['name'])
