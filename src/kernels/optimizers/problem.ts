// What every optimizer kernel shares: one pass over a range of the params' arena, the `hyper` buffer, and how a gradient
// is scaled, regularised and clipped on its way in. Clipping by a norm costs no pass of its own: the optimizer multiplies
// by a scale that two small kernels have worked out before (clipping.ts).
import { LOSS_SCALE } from '../loss-scale.ts'
import { dim, linearGrid, type Algorithm, type BufferDeclaration, type Dims, type Kernel, type NumberArray } from '../kernel.ts'

/**
 * Layout of one group's part of the hyper buffer, which the host writes each step, so that schedules and bias corrections
 * need no new pipeline. `correction1` = 1 - beta1^t, `correction2` = 1 - beta2^t; `gradScale` multiplies the gradient
 * (1 / number of examples, where it is a sum); `limit` is that of the clipping; `initial` is what running squares begin with.
 */
export const HYPER = {
  learningRate: 0, weightDecay: 1, beta1: 2, beta2: 3, epsilon: 4, correction1: 5, correction2: 6,
  initial: 7, gradScale: 8, l1: 9, l2: 10, limit: 11, length: 12,
} as const

/** Dim CLIP. `norm` has a scale for every block of 64 elements, as tensors begin at such boundaries. */
export const CLIP = { none: 0, value: 1, globalNorm: 2, norm: 3 } as const

/** Elements that share a scale where tensors are clipped one by one. */
export const BLOCK = 64

/** Dims of an update without groups, regularisation, clipping or loss scaling (GATED = 1: it is left out where the loss scale's state says so). */
export const plainUpdate = (SIZE: number): Dims => ({ SIZE, GROUP: 0, HYPER: HYPER.length, REGULARISED: 0, CLIP: CLIP.none, FIRST: 0, SCALES: 0, GATED: 0 })

export type Buffers = Readonly<Record<string, NumberArray>>

const size = (d: Dims): number => dim(d, 'SIZE')

export const hyperBuffer: BufferDeclaration = { access: 'read', element: 'f32', length: (d) => dim(d, 'HYPER'), range: () => [0.125, 0.875] }

/** Probes: plain, a second group clipped by value with regularisation, then by either norm. */
const sharedProbes: readonly Dims[] = [
  plainUpdate(64),
  { ...plainUpdate(1000), GROUP: 1, HYPER: 2 * HYPER.length, REGULARISED: 1, CLIP: CLIP.value },
  { ...plainUpdate(128), CLIP: CLIP.globalNorm, SCALES: 4 },
  { ...plainUpdate(640), REGULARISED: 1, CLIP: CLIP.norm, FIRST: 3, SCALES: 14 },
  { ...plainUpdate(64), GATED: 1 },
  { ...plainUpdate(256), GATED: 1 },
]

interface OptimizerKernel {
  readonly name: string
  /** Of p, given the gradient g. */
  readonly formula: string
  /** State as long as the params; running squares are never negative. */
  readonly slots: Readonly<Record<string, { readonly squares?: true; readonly bound?: (d: Dims) => boolean }>>
  /** Flags of its own, each of which every probe is repeated with. */
  readonly flags?: readonly Dims[]
  /** Operations per element. */
  readonly flops: number
  /** Steps params and slots from element `from` up to `to`; `gradients[0]` is that of `from`. */
  readonly step: (d: Dims, b: Buffers) => (gradients: Float64Array, from: number, to: number) => void
}

export function optimizerKernel({ name, formula, slots, flags = [{}], flops, step }: OptimizerKernel): Kernel {
  const arena = (access: BufferDeclaration['access']): BufferDeclaration => ({ access, element: 'f32', length: size })
  const states = Object.entries(slots).map(([slot, { squares, bound }]) =>
    [slot, { ...arena('update'), ...(squares === true ? { range: () => [0, 1] as const } : {}), ...(bound === undefined ? {} : { bound }) }] as const)
  return {
    name,
    formula,
    buffers: { params: arena('update'), grads: arena('read'), ...Object.fromEntries(states), hyper: hyperBuffer, scales, gate },
    algorithms: [algorithm(name, ['params', 'grads', ...Object.keys(slots)])],
    flops: (d) => flops * size(d),
    reference: (d, b) => { if (!isShut(b)) stepAll(d, b, step(d, b)) },
    probes: sharedProbes.flatMap((probe) => flags.map((flag) => ({ ...probe, ...flag }))),
  }
}

/** The loss scale's state: in probes some that shut and some that do not. */
const gate: BufferDeclaration = { access: 'read', element: 'f32', length: () => LOSS_SCALE.length, bound: (d) => d['GATED'] === 1, range: () => [0, 1 / 32] }
const isShut = (b: Buffers): boolean => b['gate'] !== undefined && b['gate'][LOSS_SCALE.taken] === 0

const scales: BufferDeclaration = {
  access: 'read', element: 'f32', length: (d) => dim(d, 'SCALES'),
  bound: (d) => dim(d, 'CLIP') >= CLIP.globalNorm,
  // A negative scale says to leave the params as they are.
  range: () => [-0.25, 1],
}

/** Arenas are multiples of 64 elements, so that vec4s always fit; single elements, or several vec4s an invocation, win nowhere. */
const algorithm = (name: string, vectors: readonly string[]): Algorithm => ({
  name: 'vec4',
  shader: `kernels/optimizers/${name}.wgsl`,
  includes: ['kernels/optimizers/problem.wgsl'],
  variants: [{ X: 64, WIDTH: 4 }, { X: 256, WIDTH: 4 }],
  views: () => Object.fromEntries(vectors.map((vector) => [vector, 'vec4<f32>' as const])),
  fits: (d) => size(d) % 4 === 0,
  grid: (d, c) => linearGrid(Math.ceil(size(d) / 4), dim(c, 'X')),
})

const CHUNK = 4096

/** In chunks, so that each kernel's own loop is one that compilers make fast. */
function stepAll(d: Dims, b: Buffers, step: ReturnType<OptimizerKernel['step']>): void {
  const clip = dim(d, 'CLIP'), chunk = clip === CLIP.norm ? BLOCK : CHUNK
  const gradient = gradientOf(d, b)
  const limit = clip === CLIP.value ? hyperOf(d, b)('limit') : Infinity
  const gradients = new Float64Array(chunk)
  const asTheyAre = clip === CLIP.none && d['REGULARISED'] !== 1 && hyperOf(d, b)('gradScale') === 1
  for (let from = 0; from < size(d); from += chunk) {
    const to = Math.min(size(d), from + chunk)
    const factor = clip < CLIP.globalNorm ? 1 : b['scales']![clip === CLIP.norm ? dim(d, 'FIRST') + from / BLOCK : 0]!
    if (factor < 0) continue
    if (asTheyAre) gradients.set(b['grads']!.subarray(from, to))
    else for (let i = from; i < to; i++) gradients[i - from] = Math.min(limit, Math.max(-limit, factor * gradient(i)))
    step(gradients, from, to)
  }
}

/** The gradient before clipping: scaled, with the derivatives of l1 |p| and l2 / 2 p^2. */
export function gradientOf(d: Dims, b: Buffers): (i: number) => number {
  const h = hyperOf(d, b)
  const [scale, l1, l2] = [h('gradScale'), h('l1'), h('l2')]
  const { grads, params } = b
  return d['REGULARISED'] === 1 ? (i) => scale * grads![i]! + l1 * Math.sign(params![i]!) + l2 * params![i]! : (i) => scale * grads![i]!
}

/** Values of this call's group, by name. */
export function hyperOf(d: Dims, b: Buffers): (key: keyof typeof HYPER) => number {
  const start = dim(d, 'GROUP') * HYPER.length
  return (key) => b['hyper']![start + HYPER[key]]!
}
