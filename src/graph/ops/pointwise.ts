// Everything that touches each element once, as one op: a pointwise function over tensors of one shape, or of shapes that
// repeat along some dimensions (as in NumPy). Chains of them become one kernel call: see chains.ts.
import { ConfigError, present } from '../../base/errors.ts'
import { floatBits, product } from '../../base/math.ts'
import type { PointwiseFunction } from '../../kernels/pointwise/function.ts'
import { pointwiseFunctions } from '../../kernels/pointwise/index.ts'
import { pointwiseKernel } from '../../kernels/pointwise/kernel.ts'
import { apply, formatShape, sameShape, type Node, type Op, type ProbeInput, type Tensor } from '../tensor.ts'
import { sum } from './reduce.ts'
import { reshape } from './reshape.ts'

type PointwiseAttrs = { readonly fn: string; readonly constants: readonly number[]; readonly shape: readonly number[] }

/**
 * fn of each element. Shapes are aligned at their last dimension and a dimension of 1 is repeated; what varies along a tensor
 * must be neighbouring dimensions: a scalar, rows [C], columns [B, 1], but not [B, 1, C]. Throws ConfigError.
 */
export function pointwise(fn: string, inputs: readonly Tensor[], constants: readonly number[] = []): Tensor {
  return apply(pointwiseOp, inputs, { fn, constants: complete(pointwiseFunctions.get(fn), constants), shape: [] })[0]!
}

export const add = (a: Tensor, b: Tensor): Tensor => pointwise('add', [a, b])
export const sub = (a: Tensor, b: Tensor): Tensor => pointwise('sub', [a, b])
export const mul = (a: Tensor, b: Tensor): Tensor => pointwise('mul', [a, b])
export const div = (a: Tensor, b: Tensor): Tensor => pointwise('div', [a, b])
/** x * factor, the factor rounded to f32. */
export const scale = (x: Tensor, factor: number): Tensor => (factor === 1 ? x : pointwise('scale', [x], [factor]))
/** The same number everywhere. */
export const fill = (shape: readonly number[], value: number): Tensor => apply(pointwiseOp, [], { fn: 'constant', constants: [value], shape })[0]!
export const ones = (shape: readonly number[]): Tensor => fill(shape, 1)
/** A copy of x in its own memory, for where a tensor must lie in a certain place. */
export const copy = (x: Tensor): Tensor => pointwise('copy', [x])

export const pointwiseOp: Op<PointwiseAttrs> = {
  name: 'pointwise',
  title: ({ fn }) => fn,
  infer(inputs, { fn, shape }, label) {
    const { arity } = pointwiseFunctions.get(fn)
    if (inputs.length !== arity || inputs.some(({ element }) => element !== 'f32')) {
      throw new ConfigError(`${label}: must read ${arity} f32 tensor${arity === 1 ? '' : 's'}, got ${inputs.map((t) => `${t.element} ${formatShape(t.shape)}`).join(' and ') || 'none'}. Look integers up in an embedding first.`)
    }
    if (arity === 0) return [{ shape, element: 'f32' }]
    const whole = inputs.map((t) => t.shape).reduce((a, b) => common(a, b, label))
    for (const input of inputs) repetition(input.shape, whole, label)
    return [{ shape: whole, element: 'f32' }]
  },
  gradient({ inputs, outputs, attrs: { fn, constants }, label }, [dy]) {
    if (dy === undefined) return []
    const rule = pointwiseFunctions.get(fn).gradient
    if (rule === undefined) {
      if (inputs.length === 0) return []
      throw new ConfigError(`${label}: must have a gradient rule to be differentiated, got ${fn}, which has none. Do not differentiate through it.`)
    }
    const gradients = rule<Tensor>({ args: inputs, y: outputs[0]!, dy, constants, apply: pointwise })
    return inputs.map((input, i) => (gradients[i] === undefined ? undefined : summedTo(gradients[i], input.shape, label)))
  },
  lower({ inputs, outputs: [y], attrs: { fn, constants }, label }) {
    const reads = inputs.map((input) => repetition(input.shape, y!.shape, label))
    return {
      kernel: pointwiseKernel({ operands: inputs.length, steps: [{ fn, args: inputs.map((_, k) => k) }], results: [inputs.length] }),
      dims: Object.fromEntries([
        ['SIZE', product(y!.shape)],
        ...reads.flatMap(({ length, inner }, k) => [[`LEN${k}`, length], [`INNER${k}`, inner]]),
        ...constants.map((value, c) => [`C${c}`, floatBits(value)]),
      ]),
      buffers: Object.fromEntries([...inputs.map((input, k) => [`x${k}`, input]), ['y0', y!]]),
      label,
    }
  },
  probes: [
    ...pointwiseFunctions.entries().map(([, declared]) => [declared, slopes(declared)] as const).filter(([, slope]) => slope.includes(true)).map(([declared, slope]) => ({
      inputs: slope.map((has): ProbeInput => ({ shape: [3, 4], ...(has ? {} : { constant: true }) })),
      build: (inputs: readonly Tensor[]) => pointwise(declared.name, inputs.map((x) => within(x, declared)), probeConstants(declared)),
    })),
    { inputs: [{ shape: [4] }], build: ([a]) => add(a!, a!) },
    // A row, a column, a scalar, a middle dimension, and two operands that both repeat.
    { inputs: [{ shape: [2, 3, 4] }, { shape: [4] }], build: ([a, b]) => mul(a!, b!) },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [2, 1, 1] }], build: ([a, b]) => mul(b!, a!) },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [1] }], build: ([a, b]) => sub(a!, b!) },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [3, 1] }], build: ([a, b]) => mul(a!, b!) },
    { inputs: [{ shape: [3, 1] }, { shape: [4] }], build: ([a, b]) => mul(a!, b!) },
  ],
}

export const isPointwise = (node: Node): node is Node<PointwiseAttrs> & Node => (node.op as unknown) === pointwiseOp

export interface Repetition {
  /** Elements, and how many neighbours of the whole each is repeated for: element `i / inner % length` stands at i. */
  readonly length: number
  readonly inner: number
}

/** How a tensor lies in the shape that an op makes of it and others. */
export function repetition(shape: readonly number[], whole: readonly number[], subject: string): Repetition {
  const length = product(shape)
  const aligned = [...Array.from({ length: whole.length - shape.length }, () => 1), ...shape]
  const varying = aligned.flatMap((size, axis) => (size > 1 ? [axis] : []))
  const [first, last] = [varying[0] ?? whole.length, varying.at(-1) ?? whole.length - 1]
  if (!sameShape(aligned.slice(first, last + 1), whole.slice(first, last + 1))) {
    throw new ConfigError(`${subject}: must repeat a tensor before and behind its dimensions, not between them, got ${formatShape(shape)} in ${formatShape(whole)}. Transpose or reshape one of them.`)
  }
  return { length, inner: length === 1 ? 1 : product(whole.slice(last + 1)) }
}

function common(a: readonly number[], b: readonly number[], subject: string): readonly number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const [x, y] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1]
    if (x !== y && x !== 1 && y !== 1) throw new ConfigError(`${subject}: must read tensors of one shape, or of shapes that repeat, got ${formatShape(a)} and ${formatShape(b)}. Reshape or broadcast one of them.`)
    return Math.max(x, y)
  })
}

/** The sum of a gradient over the elements that one element of `shape` was repeated for. */
function summedTo(gradient: Tensor, shape: readonly number[], label: string): Tensor {
  const whole = gradient.shape
  const { length, inner } = repetition(shape, whole, label)
  const outer = product(whole) / (length * inner)
  const inside = inner === 1 ? gradient : sum(reshape(gradient, [outer * length, inner]), 1)
  const summed = outer === 1 ? inside : sum(reshape(inside, [outer, length]), 0)
  return reshape(summed, shape)
}

function complete({ name, constants: declared = [] }: PointwiseFunction, given: readonly number[]): readonly number[] {
  const values = declared.map((constant, i) => given[i] ?? constant.default)
  const wrong = declared.find((_, i) => !Number.isFinite(values[i]))
  if (wrong !== undefined || given.length > declared.length) {
    throw new ConfigError(`${name}: must be given ${declared.map((constant) => constant.name).join(', ') || 'no constants'}, got ${given.join(', ') || 'none'}. Give finite numbers.`)
  }
  return values.map((value) => present(value, name))
}

function probeConstants({ constants = [] }: PointwiseFunction): readonly number[] {
  return constants.map(({ default: usual, probe }) => usual ?? probe ?? 1)
}

/** Which arguments have a gradient that is not zero almost everywhere: the ones of comparisons have none. */
function slopes(declared: PointwiseFunction): readonly boolean[] {
  const gradients = declared.gradient?.({ args: [0, 0, 0], y: 0, dy: 1, constants: probeConstants(declared), apply: () => 1 }) ?? []
  return Array.from({ length: declared.arity }, (_, i) => gradients[i] !== undefined)
}

/** Probes sample -1 to 1; functions that are not defined there get what they are defined on. */
const within = (x: Tensor, { range }: PointwiseFunction): Tensor => (range === undefined ? x : pointwise('add-constant', [x], [range[0] + 1.1]))
