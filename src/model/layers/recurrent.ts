// What LSTM and GRU layers share: the projection of all steps at once, the options, and how their outputs leave.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { biasAdd } from '../../graph/ops/bias-add.ts'
import { concat } from '../../graph/ops/concat.ts'
import { matmul } from '../../graph/ops/matmul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { formatShape, type Tensor } from '../../graph/tensor.ts'
import { count, defineLayer, initialiserName, type Layer } from './layer.ts'

/** With one, the weights of the step before would be of no use. */
const LEAST_STEPS = 2
/** Every step is calls of its own in the Plan. */
const MOST_STEPS = 512

interface Recurrence {
  readonly name: string
  readonly gates: number
  /** Outputs [B,H] of each step, of x[B,T,gates*H] and weight[H,gates*H]. */
  readonly run: (x: Tensor, weight: Tensor) => readonly Tensor[]
}

export const defineRecurrent = ({ name, gates, run }: Recurrence): Layer => defineLayer({
  name,
  inputs: 1,
  schema: v.strictObject({
    units: count,
    /** Outputs of all steps, [T, units], instead of the last one's, [units]. */
    sequences: v.optional(v.boolean(), false),
    bias: v.optional(v.boolean(), true),
    /** Of the weights of the input. */
    initialiser: v.optional(initialiserName, 'glorot-uniform'),
    /** Of the weights of the step before. */
    recurrentInitialiser: v.optional(initialiserName, 'orthogonal'),
  }),
  build([x], { units, sequences, bias, initialiser, recurrentInitialiser }, { path, param }) {
    if (x!.shape.length !== 3 || x!.shape[1]! < LEAST_STEPS || x!.shape[1]! > MOST_STEPS) {
      throw new ConfigError(`${path}: must read a sequence [T, D] of ${LEAST_STEPS} to ${MOST_STEPS} steps, got ${formatShape(x!.shape.slice(1))} for units ${formatShape([units])}. Put an embedding node before it, cut the sequence, or use a dense node for a single step.`)
    }
    const [batch, length, features] = x!.shape as readonly [number, number, number]
    const width = gates * units
    const weight = param({ name: 'weight', shape: [features, width], initialiser, fanIn: features, fanOut: units })
    const recurrent = param({ name: 'recurrent', shape: [units, width], initialiser: recurrentInitialiser, fanIn: units, fanOut: units })
    const products = matmul(reshape(x!, [batch * length, features]), weight)
    const projected = bias ? biasAdd(products, param({ name: 'bias', shape: [width], initialiser: 'zeros', fanIn: features, fanOut: units })) : products
    const outputs = run(reshape(projected, [batch, length, width]), recurrent)
    return sequences ? concat(outputs.map((y) => reshape(y, [batch, 1, units])), 1) : outputs.at(-1)!
  },
})
