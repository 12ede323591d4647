// Functions of each element. Broadcasting is NumPy's on both sides. Slopes stand only in gradients, which are not exported.
import { ConfigError } from '../../base/errors.ts'
import { pointwiseFunctions } from '../../kernels/pointwise/index.ts'
import type { Emitter, OnnxRule } from '../emitter.ts'

type FunctionRule = (e: Emitter, args: readonly string[], constants: readonly number[]) => string

const direct = (type: string): FunctionRule => (e, args) => e.node(type, args)
const toReal = (e: Emitter, condition: string): string => e.node('Cast', [condition], { to: 1 })
const sigmoidTimes: FunctionRule = (e, [x]) => e.node('Mul', [x!, e.node('Sigmoid', [x!])])

/** x / 2 * (1 + inner(x)) */
const half = (e: Emitter, x: string, inner: string): string => e.node('Mul', [e.node('Mul', [x, e.real(0.5)]), e.node('Add', [inner, e.real(1)])])

const FUNCTIONS: Readonly<Record<string, FunctionRule>> = {
  copy: direct('Identity'),
  add: direct('Add'),
  sub: direct('Sub'),
  mul: direct('Mul'),
  div: direct('Div'),
  neg: direct('Neg'),
  scale: (e, [x], [factor]) => e.node('Mul', [x!, e.real(factor!)]),
  'add-constant': (e, [x], [value]) => e.node('Add', [x!, e.real(value!)]),
  square: (e, [x]) => e.node('Mul', [x!, x!]),
  abs: direct('Abs'),
  exp: direct('Exp'),
  log: direct('Log'),
  sqrt: direct('Sqrt'),
  rsqrt: (e, [x]) => e.node('Reciprocal', [e.node('Sqrt', [x!])]),
  reciprocal: direct('Reciprocal'),
  pow: (e, [x], [exponent]) => e.node('Pow', [x!, e.real(exponent!)]),
  tanh: direct('Tanh'),
  sign: direct('Sign'),
  step: (e, [x]) => toReal(e, e.node('Greater', [x!, e.real(0)])),
  greater: (e, args) => toReal(e, e.node('Greater', args)),
  equal: (e, args) => toReal(e, e.node('Equal', args)),
  select: (e, [a, b, c]) => e.node('Where', [e.node('Greater', [a!, e.real(0)]), b!, c!]),
  max: direct('Max'),
  min: direct('Min'),
  clamp: (e, [x], [low, high]) => e.node('Clip', [x!, e.real(low!), e.real(high!)]),
  within: (e, [x], [low, high]) => toReal(e, e.node('And', [e.node('Greater', [x!, e.real(low!)]), e.node('Less', [x!, e.real(high!)])])),
  relu: direct('Relu'),
  'leaky-relu': (e, [x], [slope]) => e.node('LeakyRelu', [x!], { alpha: { float: slope! } }),
  elu: (e, [x], [alpha]) => e.node('Elu', [x!], { alpha: { float: alpha! } }),
  sigmoid: direct('Sigmoid'),
  softplus: direct('Softplus'),
  silu: sigmoidTimes,
  gelu: (e, [x]) => {
    const cubic = e.node('Mul', [e.node('Mul', [x!, e.node('Mul', [x!, x!])]), e.real(0.044715)])
    return half(e, x!, e.node('Tanh', [e.node('Mul', [e.node('Add', [x!, cubic]), e.real(Math.sqrt(2 / Math.PI))])]))
  },
  'gelu-erf': (e, [x]) => half(e, x!, e.node('Erf', [e.node('Mul', [x!, e.real(Math.SQRT1_2)])])),
}

/** Pointwise functions that stand in forward passes; for tests. */
export const exportedFunctions = ['constant', ...Object.keys(FUNCTIONS)]

export const pointwiseRules: readonly OnnxRule[] = [
  {
    name: 'pointwise',
    emit({ inputs, outputs, attrs, label }, e) {
      const { name } = pointwiseFunctions.get(String(attrs['fn']))
      const constants = attrs['constants'] as readonly number[]
      if (name === 'constant') return e.expand(e.real(constants[0]!), outputs[0]!.shape)
      const rule = FUNCTIONS[name]
      if (rule === undefined) throw new ConfigError(`${label}: must be a function that ONNX export knows, got ${name}. Export a model without it.`)
      return rule(e, inputs.map((input) => e.name(input)), constants)
    },
  },
  { name: 'constant', emit: ({ attrs }, e) => e.node('Identity', [e.real(attrs['values'] as readonly number[])]) },
]
