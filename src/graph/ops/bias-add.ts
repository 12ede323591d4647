// Adds a vector to the last dimension of a tensor. After matmul or conv2d it costs nothing: see epilogue.ts.
import { ConfigError } from '../../base/errors.ts'
import { formatShape, scoped, type Tensor } from '../tensor.ts'
import { add } from './pointwise.ts'

/** x[...,C] + bias[C] */
export function biasAdd(x: Tensor, bias: Tensor): Tensor {
  if (bias.shape.length !== 1 || bias.shape[0] !== x.shape.at(-1)) {
    throw new ConfigError(`${scoped('bias-add')}: must add a vector as long as the last dimension, got ${formatShape(x.shape)} and ${formatShape(bias.shape)}. Give the bias shape ${formatShape(x.shape.slice(-1))}.`)
  }
  return add(x, bias)
}
