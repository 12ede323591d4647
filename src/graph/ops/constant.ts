// A tensor of numbers that a spec gives.
import { ConfigError } from '../../base/errors.ts'
import { constant as kernel, constantDims, MAX_CONSTANTS } from '../../kernels/constant.ts'
import { apply, type Op, type Tensor } from '../tensor.ts'

type ConstantAttrs = { readonly values: readonly number[] }

/** [values.length], rounded to f32. */
export const constant = (values: readonly number[]): Tensor => apply(constantOp, [], { values })[0]!

export const constantOp: Op<ConstantAttrs> = {
  name: 'constant',
  infer(_inputs, { values }, label) {
    if (values.length === 0 || values.length > MAX_CONSTANTS) throw new ConfigError(`${label}: must have 1 to ${MAX_CONSTANTS} numbers, got ${values.length}. Read them as an input.`)
    return [{ shape: [values.length], element: 'f32' }]
  },
  lower: ({ outputs: [y], attrs: { values }, label }) => ({ kernel, dims: constantDims(values), buffers: { y: y! }, label }),
  probes: [],
}
