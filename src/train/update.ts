// The update of a training step: which optimizer steps which params, on gradients that are regularised and clipped on the
// way. Params of one group lie side by side in the arena (`groupParams` arranges it so), and one kernel call updates each.
import { ConfigError } from '../base/errors.ts'
import { ceilDiv, roundUp } from '../base/math.ts'
import { nearest } from '../base/registry.ts'
import type { Arena } from '../graph/compile.ts'
import type { Call } from '../graph/call.ts'
import { input, state } from '../graph/sources.ts'
import type { Tensor } from '../graph/tensor.ts'
import type { Dims } from '../kernels/kernel.ts'
import { BLOCK, CLIP, clipScales, gradientSquares, HYPER } from '../kernels/optimizers.ts'
import { SCALES } from '../kernels/optimizers/clipping.ts'
import { rearrange, type Layout, type TensorEntry } from '../model/layout.ts'
import { resolveOptimizer, type ResolvedOptimizer } from '../optim/index.ts'
import type { OptimizerSettings } from '../optim/optimizer.ts'

/** An objective of a recipe, and the tensors that are its own. */
export interface GroupRequest {
  readonly entries: readonly TensorEntry[]
  readonly optimizer: OptimizerSettings
  /** Adds l1 |p| + l2 / 2 p^2 to the loss: unlike an optimizer's weightDecay, clipping sees it. */
  readonly regularise?: { readonly l1?: number | undefined; readonly l2?: number | undefined } | undefined
}

/** Of gradients: each element to ±limit, each tensor to a norm of `limit`, or all of them together. */
export interface ClipSettings {
  readonly by: 'value' | 'norm' | 'global-norm'
  readonly limit: number
}

/** A range of the arena that one optimizer updates. */
export interface ParamGroup {
  readonly resolved: ResolvedOptimizer
  readonly l1: number
  readonly l2: number
  readonly entries: readonly TensorEntry[]
  /** Of the arena, in elements. */
  readonly offset: number
  readonly size: number
}

/** An optimizer's state of one group: an allocation that begins where the group does. */
export interface SlotArena {
  readonly allocation: string
  readonly optimizer: string
  readonly slot: string
  readonly group: ParamGroup
}

export interface Update {
  /** To be run after the gradients, in this order. */
  readonly calls: readonly Call[]
  /** Allocations that the calls use, besides those of params and gradients. */
  readonly arenas: readonly Arena[]
  readonly slots: readonly SlotArena[]
  /** Inputs of the Plan at step number `step`, from 1 on. */
  inputs(step: number, options?: StepOptions): Readonly<Record<string, Float32Array | Uint32Array>>
}

/** Of one step. */
export interface StepOptions {
  /** Of the first group; the others' follow in proportion. */
  readonly learningRate?: number | undefined
  /** Multiplies the gradients: 1 / examples where they are sums. */
  readonly gradScale?: number | undefined
}

export interface UpdateRequest {
  readonly layout: Layout
  readonly groups: readonly ParamGroup[]
  readonly clip?: ClipSettings | undefined
  /** State of the loss scale, which may say to leave everything as it is. */
  readonly gate?: Tensor | undefined
  /** Allocations of the params and of their gradients. */
  readonly params: string
  readonly grads: string
}

/** Name of the optimizers' input, and of the one that clipping by `norm` adds. */
const INPUTS = { hyper: 'hyper', counts: 'update/counts' } as const
/** Allocations of the norms' stages. */
const NORMS = { partials: 'clip/partials', scales: 'clip/scales' } as const
/** Sums of squares that the global norm is added up from: enough to keep a GPU busy, few enough for one workgroup. */
const MOST_PARTIALS = 1024

/** The layout with each group's params in one piece of the arena (those of no group come last), and the groups. The packed form stays as it is. */
export function groupParams(layout: Layout, requests: readonly GroupRequest[]): { readonly layout: Layout; readonly groups: readonly ParamGroup[] } {
  const groupOf = new Map(requests.flatMap(({ entries }, group) => entries.map(({ name }) => [name, group] as const)))
  const arranged = rearrange(layout, ({ name }) => groupOf.get(name) ?? requests.length)
  const groups = requests.map(({ optimizer, regularise }, group): ParamGroup => {
    const entries = arranged.entries.filter(({ name }) => groupOf.get(name) === group)
    const offset = entries[0]!.arenaOffset, last = entries.at(-1)!
    return { resolved: resolveOptimizer(optimizer), l1: penalty(regularise?.l1, 'l1'), l2: penalty(regularise?.l2, 'l2'), entries, offset, size: roundUp(last.arenaOffset + last.size, BLOCK) - offset }
  })
  return { layout: arranged, groups }
}

function penalty(value: number | undefined, name: string): number {
  if (value === undefined || (value >= 0 && Number.isFinite(value))) return value ?? 0
  throw new ConfigError(`regularise.${name}: must be 0 or more, got ${value}. Use 1e-4, for example.`)
}

export function buildUpdate(request: UpdateRequest): Update {
  const { groups } = request
  const clip = clipOf(request)
  const hyper = input(INPUTS.hyper, [groups.length * HYPER.length])
  const norms = clip.mode < CLIP.globalNorm ? undefined : normCalls(request, clip.mode, hyper)
  const steps = groups.map((group, index) => stepCall({ request, group, index, hyper, mode: clip.mode, ...(norms === undefined ? {} : { scales: norms.scales }) }))
  const [first] = groups
  return {
    calls: [...(norms?.calls ?? []), ...steps.map(({ call }) => call)],
    arenas: [...(norms?.arenas ?? []), ...steps.flatMap(({ slots }) => slots.map(({ allocation, group: { size } }) => arena(allocation, size)))],
    slots: steps.flatMap(({ slots }) => slots),
    inputs(step, { learningRate, gradScale } = {}) {
      const factor = learningRate === undefined ? 1 : learningRate / first!.resolved.learningRate
      const values = new Float32Array(groups.length * HYPER.length)
      groups.forEach(({ resolved, l1, l2 }, i) => {
        const rate = i === 0 && learningRate !== undefined ? learningRate : resolved.learningRate * factor
        values.set(resolved.hyper(step, { learningRate: rate, gradScale: gradScale ?? 1, l1, l2, limit: clip.limit }), i * HYPER.length)
      })
      return { [INPUTS.hyper]: values, ...(norms?.counts === undefined ? {} : { [INPUTS.counts]: norms.counts }) }
    },
  }
}

const MODES: Readonly<Record<ClipSettings['by'], number>> = { value: CLIP.value, norm: CLIP.norm, 'global-norm': CLIP.globalNorm }

/** Dim CLIP and its limit. */
function clipOf({ clip }: UpdateRequest): { readonly mode: number; readonly limit: number } {
  if (clip === undefined) return { mode: CLIP.none, limit: 0 }
  const { by, limit } = clip
  if (!Object.hasOwn(MODES, by)) throw new ConfigError(`clip.by: must be one of ${Object.keys(MODES).join(', ')}, got "${by}". ${nearest(by, Object.keys(MODES))}`)
  if (!(limit > 0 && Number.isFinite(limit))) throw new ConfigError(`clip.limit: must be above 0, got ${limit}. Use 1, for example.`)
  return { mode: MODES[by], limit }
}

const arena = (name: string, length: number): Arena => ({ name, length, parts: [] })

const dimsOf = ({ size, l1, l2 }: ParamGroup, index: number, groups: number): Dims =>
  ({ SIZE: size, GROUP: index, HYPER: groups * HYPER.length, REGULARISED: l1 > 0 || l2 > 0 ? 1 : 0 })

interface NormCalls {
  readonly calls: readonly Call[]
  readonly arenas: readonly Arena[]
  readonly scales: Tensor
  /** Blocks of each tensor in the order of the arena, for norms of tensors. */
  readonly counts?: Uint32Array
}

function normCalls({ groups, layout, params, grads }: UpdateRequest, mode: number, hyper: Tensor): NormCalls {
  const each = mode === CLIP.norm
  const span = each ? BLOCK : roundUp(ceilDiv(layout.trainedSize, MOST_PARTIALS), BLOCK)
  const lengths = groups.map(({ size }) => ceilDiv(size, span))
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const partials = state(NORMS.partials, total)
  const scales = state(NORMS.scales, each ? total : SCALES.length)
  const squares = groups.map((group, i): Call => {
    const dims: Dims = { ...dimsOf(group, i, groups.length), SPAN: span, FIRST: lengths.slice(0, i).reduce((sum, length) => sum + length, 0), PARTIALS: total }
    const regularised = dims['REGULARISED'] === 1 ? { params: state(params, group.size, group.offset) } : {}
    return { kernel: gradientSquares, dims, buffers: { ...regularised, grads: state(grads, group.size, group.offset), hyper, partials }, label: 'clip/squares' }
  })
  const counts = each ? Uint32Array.from(groups.flatMap(({ entries }) => entries.map(({ size }) => ceilDiv(size, BLOCK)))) : undefined
  const dims: Dims = { PARTIALS: total, TENSORS: counts?.length ?? 1, CLIP: mode, SCALES: scales.shape[0]!, GROUP: 0, HYPER: groups.length * HYPER.length }
  const scale: Call = { kernel: clipScales, dims, buffers: { partials, hyper, ...(counts === undefined ? {} : { counts: input(INPUTS.counts, [counts.length], 'u32') }), scales }, label: 'clip/scales' }
  return { calls: [...squares, scale], arenas: [arena(NORMS.partials, total), arena(NORMS.scales, scales.shape[0]!)], scales, ...(counts === undefined ? {} : { counts }) }
}

interface StepParts {
  readonly request: UpdateRequest
  readonly group: ParamGroup
  readonly index: number
  readonly hyper: Tensor
  readonly mode: number
  readonly scales?: Tensor
}

/** Passes over the group's params only, so that weight decay cannot reach buffers and frozen ones either. */
function stepCall({ request: { groups, params, grads, gate }, group, index, hyper, mode, scales }: StepParts): { readonly call: Call; readonly slots: readonly SlotArena[] } {
  const { resolved: { optimizer, flags, slots: names }, size, offset } = group
  const slots = names.map((slot): SlotArena => ({ allocation: `optimizer${index}/${slot}`, optimizer: optimizer.name, slot, group }))
  const dims: Dims = { ...dimsOf(group, index, groups.length), CLIP: mode, FIRST: mode === CLIP.norm ? offset / BLOCK : 0, SCALES: scales?.shape[0] ?? 0, GATED: gate === undefined ? 0 : 1, ...flags }
  const buffers = {
    params: state(params, size, offset),
    grads: state(grads, size, offset),
    ...Object.fromEntries(slots.map(({ slot, allocation }) => [slot, state(allocation, size)])),
    hyper,
    ...(scales === undefined ? {} : { scales }),
    ...(gate === undefined ? {} : { gate }),
  }
  return { call: { kernel: optimizer.kernel, dims, buffers, label: `optimizer/${optimizer.name}` }, slots }
}
