// The kernel of a pointwise program: declaration, and WGSL assembled from the hand-written functions. One kernel per
// program, made once: its name holds the program, so whatever is remembered by name (pipelines, tuning) fits.
import { bitsFloat, floatBits } from '../../base/math.ts'
import { defineKernel, dim, linearGrid, type Algorithm, type BufferDeclaration, type Dims, type InPlace, type Kernel } from '../kernel.ts'
import { pointwiseFunctions } from './index.ts'
import { constantNumbers, formatProgram, interpret, operandInner, operandLength, resultName, type PointwiseProgram } from './program.ts'

/** WebGPU guarantees eight storage buffers in a call. */
export const MOST_BUFFERS = 8

const made = new Map<string, Kernel>()
const programs = new WeakMap<Kernel, PointwiseProgram>()

/** The program that a kernel runs; undefined for other kernels. */
export const programOf = (kernel: Kernel): PointwiseProgram | undefined => programs.get(kernel)

export function pointwiseKernel(program: PointwiseProgram): Kernel {
  const name = `pointwise ${formatProgram(program)}`
  const known = made.get(name)
  if (known !== undefined) return known
  const kernel = defineKernel({
    name,
    formula: 'y0[SIZE], … = the steps of the program, in order; operand k is xk[i / INNERk % LENk]',
    buffers: buffersOf(program),
    ...(program.inPlace === undefined ? { inPlace: (d: Dims, dead: (buffer: string) => boolean) => overOperand(program, d, dead) } : {}),
    algorithms: [linear(program, 4), linear(program, 1)],
    flops: (d) => program.steps.length * dim(d, 'SIZE'),
    reference: (d, buffers) => interpret(program, d, buffers),
    probes: probesOf(program),
  })
  made.set(name, kernel)
  programs.set(kernel, program)
  return kernel
}

/** The first result in the place of the first operand that is read element by element and not needed any more. */
function overOperand(program: PointwiseProgram, d: Dims, dead: (buffer: string) => boolean): InPlace | undefined {
  const operand = Array.from({ length: program.operands }, (_, k) => k).find((k) => operandLength(d, k) === dim(d, 'SIZE') && operandInner(d, k) === 1 && dead(`x${k}`))
  if (operand === undefined) return undefined
  return { kernel: pointwiseKernel({ ...program, inPlace: program.results.map((_, r) => (r === 0 ? operand : -1)) }), output: 'y0', input: `x${operand}`, buffer: `x${operand}` }
}

function buffersOf(program: PointwiseProgram): Readonly<Record<string, BufferDeclaration>> {
  const { operands, results, inPlace = [] } = program
  const range = rangeOf(program)
  const reads = Array.from({ length: operands }, (_, k): [string, BufferDeclaration] =>
    [`x${k}`, { access: inPlace.includes(k) ? 'update' : 'read', element: 'f32', half: true, length: (d) => operandLength(d, k), ...(range === undefined ? {} : { range: () => range }) }])
  const writes = results.flatMap((_, r): [string, BufferDeclaration][] =>
    (resultName(program, r).startsWith('x') ? [] : [[`y${r}`, { access: 'write', element: 'f32', half: true, length: (d) => dim(d, 'SIZE') }]]))
  return Object.fromEntries([...reads, ...writes])
}

/** Arguments that every function of the program is defined on. */
function rangeOf({ steps }: PointwiseProgram): readonly [number, number] | undefined {
  const ranges = steps.flatMap(({ fn }) => pointwiseFunctions.get(fn).range ?? [])
  return ranges.length === 0 ? undefined : [Math.min(...ranges.filter((_, i) => i % 2 === 0)), Math.max(...ranges.filter((_, i) => i % 2 === 1))]
}

const SIZES = [64, 256]

function linear(program: PointwiseProgram, WIDTH: 1 | 4): Algorithm {
  const operands = Array.from({ length: program.operands }, (_, k) => k)
  return {
    name: WIDTH === 4 ? 'vec4' : 'scalar',
    shader: 'kernels/pointwise.wgsl',
    includes: [...new Set(program.steps.map(({ fn }) => `functions/${fn}.wgsl`))],
    generate: (d) => computeFunction(program, d, WIDTH),
    variants: SIZES.map((X) => ({ X, WIDTH })),
    ...(WIDTH === 4 ? {
      views: (d: Dims) => Object.fromEntries([
        ...operands.filter((k) => varies(d, k)).map((k) => [`x${k}`, 'vec4<f32>']),
        ...program.results.map((_, r) => [resultName(program, r), 'vec4<f32>']),
      ]) as Readonly<Record<string, 'vec4<f32>'>>,
      fits: (d: Dims) => dim(d, 'SIZE') % 4 === 0 && operands.every((k) => (varies(d, k) ? operandLength(d, k) % 4 === 0 : operandLength(d, k) === 1 || operandInner(d, k) % 4 === 0)),
    } : {}),
    grid: (d, c) => linearGrid(Math.ceil(dim(d, 'SIZE') / WIDTH), dim(c, 'X')),
  }
}

/** Whether neighbouring elements of the result read neighbouring elements of the operand. */
const varies = (d: Dims, k: number): boolean => operandInner(d, k) === 1 && operandLength(d, k) > 1

/** `fn compute(i)`: reads the operands at the i-th WIDTH elements, does the steps, writes the results. */
function computeFunction(program: PointwiseProgram, d: Dims, width: 1 | 4): string {
  const numbers = constantNumbers(program)
  const loads = Array.from({ length: program.operands }, (_, k) => `  let v${k} = ${load(d, k, width)};`)
  const steps = program.steps.map(({ fn, args }, s) => {
    const constants = numbers[s]!.map((c) => literal(bitsFloat(dim(d, `C${c}`))))
    return `  let v${program.operands + s} = f_${fn.replaceAll('-', '_')}(${[...args.map((value) => `v${value}`), ...constants].join(', ')});`
  })
  const stores = program.results.map((value, r) => `  ${resultName(program, r)}[i] = v${value};`)
  return ['fn compute(i: u32) {', ...loads, ...steps, ...stores, '}'].join('\n')
}

function load(d: Dims, k: number, width: 1 | 4): string {
  const length = operandLength(d, k), inner = operandInner(d, k), size = dim(d, 'SIZE')
  if (length === 1) return `value(x${k}[0])`
  const unit = varies(d, k) ? width : 1
  const step = varies(d, k) ? 1 : inner / width
  const at = step === 1 ? 'i' : `i / ${step}u`
  return `value(x${k}[${length * inner === size ? at : `${at} % ${length / unit}u`}])`
}

/** A finite f32 in WGSL, to the last bit. */
function literal(value: number): string {
  const text = String(value)
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`
}

/** Sizes for every way that an operand can be repeated, with and without vec4s. */
function probesOf(program: PointwiseProgram): readonly Dims[] {
  const constants = Object.fromEntries(program.steps.flatMap(({ fn }) => pointwiseFunctions.get(fn).constants ?? []).map(({ default: usual, probe }, c) => [`C${c}`, floatBits(usual ?? probe ?? 1)]))
  return [{ rows: 7, middle: 3, columns: 5 }, { rows: 6, middle: 8, columns: 12 }].flatMap(({ rows, middle, columns }) => {
    const SIZE = rows * middle * columns
    const ways = [[SIZE, 1], [columns, 1], [rows, middle * columns], [middle, columns], [1, 1]] as const
    return (program.operands < 2 ? [0] : [0, 1, 2, 3, 4]).map((shift): Dims => Object.assign({ SIZE }, constants, ...Array.from({ length: program.operands }, (_, k) => {
      const whole = k === 0 || program.inPlace?.includes(k) === true
      const [length, inner] = ways[whole ? 0 : (k - 1 + shift) % ways.length]!
      return { [`LEN${k}`]: length, [`INNER${k}`]: inner }
    })))
  })
}
