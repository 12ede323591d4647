// A loss: what a head compares, by which op, and which input it is compared with.
import type * as v from 'valibot'
import type { Tensor, TensorType } from '../../graph/tensor.ts'

/** What a head is compared with. */
export interface TargetType extends TensorType {
  /** Integers lie below this. */
  readonly below?: number
}

export interface Loss {
  readonly name: string
  /** Options with their defaults. */
  readonly schema: v.GenericSchema
  /** Type of the target for outputs of this shape, batch dimension included. Throws ConfigError, naming `path`, for outputs that do not fit. */
  readonly target: (output: readonly number[], options: unknown, path: string) => TargetType
  readonly build: (parts: LossInputs, options: unknown) => LossOutputs
}

export interface LossInputs {
  /** [B, ...]: what the node computed. */
  readonly output: Tensor
  readonly target: Tensor
  /** [B]: 0 marks padding. */
  readonly weights: Tensor
}

export interface LossOutputs {
  /** [B]: each example's loss (the mean over its positions, where it has several) times its weight. */
  readonly loss: Tensor
  /** [B]: the fraction of an example's positions that were right, 0 for padding; absent where nothing is right or wrong. */
  readonly correct?: Tensor
}

interface TypedLoss<S extends v.GenericSchema> {
  readonly name: string
  readonly schema: S
  readonly target: (output: readonly number[], options: v.InferOutput<S>, path: string) => TargetType
  readonly build: (parts: LossInputs, options: v.InferOutput<S>) => LossOutputs
}

/** Ties the type of the options to the schema; the model builder parses them before it calls. */
export const defineLoss = <S extends v.GenericSchema>(loss: TypedLoss<S>): Loss => loss as Loss
