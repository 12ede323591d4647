// A layer: options as data, checked by a schema, and the symbolic tensors it builds. Shape rules live in the ops it uses.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { activations } from '../../kernels/activation.ts'
import { initialisers, type InitialiserChoice } from '../initialisers.ts'
import type { Call } from '../../graph/call.ts'
import { formatShape, sameShape, type Tensor } from '../../graph/tensor.ts'

export interface Layer {
  readonly name: string
  /** How many tensors it reads: a number, or at least so many. */
  readonly inputs: number | { readonly atLeast: number }
  /** It may read integers (tokens, ids); all others read real numbers. */
  readonly integers?: true
  /** Options with their defaults. */
  readonly schema: v.GenericSchema
  /** Throws ConfigError, naming `context.path`, both shapes and the remedy, where the inputs do not fit. */
  readonly build: (inputs: readonly Tensor[], options: unknown, context: LayerContext) => Tensor
}

export interface LayerContext {
  /** The node's name. */
  readonly path: string
  /** Integers of this tensor lie below it. */
  readonly below: (integers: Tensor) => number
  /** In Plans that train: dropout drops, batch norm takes the batch's statistics. Both ways must declare the same tensors. */
  readonly training: boolean
  /** Declares a trained tensor `<path>/<name>` (frozen where the node is). */
  readonly param: (declaration: ParamDeclaration) => Tensor
  /** Declares a tensor that the forward pass of training changes (batch norm's running statistics), by `update`. */
  readonly buffer: (declaration: ParamDeclaration) => Tensor
  /** A call at the end of a training run; its `update` and `write` buffers are this node's buffers. Call it only where `training`. */
  readonly update: (call: Call) => void
  /** Random numbers: the input `random` of the Plan and a stream that is this node's alone, for ops that draw (see RANDOM). Only where `training`. */
  readonly random: () => { readonly key: Tensor; readonly stream: number }
}

/** Layout of the u32 input `random`: where a run's random numbers come from, besides the node's stream and the element. */
export const RANDOM = { seed: 0, work: 1, step: 2, length: 4 } as const

export interface ParamDeclaration {
  readonly name: string
  readonly shape: readonly number[]
  readonly initialiser: InitialiserChoice
  readonly fanIn: number
  readonly fanOut: number
}

interface TypedLayer<S extends v.GenericSchema> {
  readonly name: string
  readonly inputs: Layer['inputs']
  readonly integers?: true
  readonly schema: S
  readonly build: (inputs: readonly Tensor[], options: v.InferOutput<S>, context: LayerContext) => Tensor
}

/** Ties the type of `build`'s options to the schema; the model builder parses options before it calls `build`. */
export const defineLayer = <S extends v.GenericSchema>(layer: TypedLayer<S>): Layer => layer as Layer

/** For layers that join tensors element by element. */
export function checkOneShape(inputs: readonly Tensor[], path: string): void {
  const [first, ...others] = inputs
  const other = others.find(({ shape }) => !sameShape(shape, first!.shape))
  if (other !== undefined) throw new ConfigError(`${path}: must read tensors of one shape, got ${formatShape(first!.shape.slice(1))} and ${formatShape(other.shape.slice(1))}. Put a dense, conv2d or reshape node before one of them.`)
}

/** Largest size of any dimension a spec may ask for: what a stranger sends must not exhaust memory. */
const MAX_SIZE = 65_536

export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_SIZE))

/** One number for both directions, or [rows, columns]. */
export const pair = v.pipe(v.union([count, v.strictTuple([count, count])]), v.transform((size): readonly [number, number] => (typeof size === 'number' ? [size, size] : size)))

/** A dimension of an example; negative ones count from the end. */
export const axis = v.pipe(v.number(), v.safeInteger(), v.minValue(-4), v.maxValue(3))

/** The same dimension counted with the batch. */
export function batchAxis(x: Tensor, wanted: number, path: string): number {
  const rank = x.shape.length - 1
  const found = wanted < 0 ? rank + wanted : wanted
  if (found < 0 || found >= rank) throw new ConfigError(`${path}: must have an axis of its input, got axis ${wanted} of ${formatShape(x.shape.slice(1))}. Choose 0 to ${rank - 1}, or -1 for the last.`)
  return found + 1
}

/** What norms add to a variance. */
export const epsilon = v.pipe(v.number(), v.finite(), v.gtValue(0), v.maxValue(1))

/** The scale and shift of a norm: 1 and 0 for each channel to begin with. */
export function affineParams(channels: number, { param }: LayerContext): { readonly scale: Tensor; readonly shift: Tensor }
export function affineParams(channels: number, { param }: LayerContext, shift: false): { readonly scale: Tensor }
export function affineParams(channels: number, { param }: LayerContext, shift = true): { readonly scale: Tensor; readonly shift?: Tensor } {
  const fans = { fanIn: channels, fanOut: channels }
  const scale = param({ name: 'scale', shape: [channels], initialiser: 'ones', ...fans })
  return shift ? { scale, shift: param({ name: 'bias', shape: [channels], initialiser: 'zeros', ...fans }) } : { scale }
}

export const activationName = v.picklist(activations.map(({ name }) => name))
const initialiserKey = v.picklist([...initialisers.names()])

/** A name, or a name with what multiplies its values (the value of a constant, the spread of a normal). */
export const initialiserName = v.union([initialiserKey, v.strictObject({ name: initialiserKey, gain: v.optional(v.pipe(v.number(), v.finite())) })])
