// Graph -> Plan: lower every node to a kernel call, fuse, place every tensor in memory.
import { InvariantError, present } from '../base/errors.ts'
import { product } from '../base/math.ts'
import { writesOf, readsOf, type Call } from './call.ts'
import { reachable } from './differentiate.ts'
import { fuse } from './fuse.ts'
import { planMemory, type Lifetime } from './memory.ts'
import { copy } from './ops/pointwise.ts'
import type { Allocation, AllocationRole, KernelCall, Plan, PlanPort, View } from './plan.ts'
import { isInput, isParam, isSource, isState, sourceName, stateOffset } from './sources.ts'
import { inScope, storage, type Node, type Tensor } from './tensor.ts'

/** A persistent allocation and the tensors that lie in it: params to read, or computed tensors to be written there. */
export interface Arena {
  readonly name: string
  readonly length: number
  readonly parts: readonly ArenaPart[]
}

export interface ArenaPart {
  readonly tensor: Tensor
  /** Element offset, a multiple of 64 (VIEW_ALIGNMENT_BYTES). */
  readonly offset: number
}

export interface PlanRequest {
  readonly name: string
  readonly outputs?: Readonly<Record<string, Tensor>>
  readonly arenas?: readonly Arena[]
  /** Calls on whole arenas (`state` tensors) that run last, in this order: accumulate, metrics, optimizer. */
  readonly effects?: readonly Call[]
  /** False leaves every op its own call. */
  readonly fused?: boolean
}

interface Place {
  readonly allocation: number
  readonly offset: number
}

export function compilePlan(request: PlanRequest): Plan {
  const { name, arenas, outputs, effects } = withOwnStorage(request)
  const kept = new Map<Tensor, string>([
    ...Object.entries(outputs).map(([key, tensor]) => [storage(tensor), `output ${key}`] as const),
    ...arenas.flatMap((arena) => arena.parts.map(({ tensor }) => [storage(tensor), arena.name] as const)),
  ])
  const nodes = reachable([...kept.keys(), ...effects.flatMap((call) => Object.values(call.buffers))].map(({ node }) => node))
  const lowered = nodes.flatMap((node) => (node.op.lower === undefined ? [] : [node.op.lower(node)]))
  const calls = [...(request.fused === false ? lowered : fuse(lowered, { effects, kept })), ...effects]
  const inputs = nodes.flatMap((node) => node.outputs).filter(isInput)
  const memory = place({ calls, inputs, arenas, outputs })
  const plan: Plan = {
    name,
    allocations: memory.allocations,
    calls: calls.map((call) => kernelCall(call, memory.view)),
    inputs: ports(Object.fromEntries(inputs.map((tensor) => [sourceName(tensor), tensor])), memory.view),
    outputs: ports(outputs, memory.view),
    peakBytes: memory.allocations.reduce((sum, { bytes }) => sum + bytes, 0),
  }
  checkAliasing(plan)
  return plan
}

/** Copies every output or arena part that has no memory of its own to be placed: sources, and tensors wanted or read elsewhere too. */
function withOwnStorage({ name, outputs = {}, arenas = [], effects = [] }: PlanRequest): Required<Omit<PlanRequest, 'fused'>> {
  const claimed = new Set<Tensor>()
  const own = (tensor: Tensor, shareable: boolean): Tensor => {
    const root = storage(tensor)
    if (shareable && !isSource(root) && !claimed.has(root)) {
      claimed.add(root)
      return tensor
    }
    return inScope(tensor.node.label, () => copy(tensor))
  }
  const computed = arenas.flatMap(({ parts }) => parts.map(({ tensor }) => tensor)).filter((tensor) => !isParam(tensor))
  const read = new Set([...readStorages([...computed, ...Object.values(outputs)].map(({ node }) => node), effects), ...repeatedStorages(computed)])
  return {
    name,
    effects,
    // A part that another call reads stays outside the arena: that call might write into the same arena.
    arenas: arenas.map((arena) => ({
      ...arena,
      parts: arena.parts.map(({ tensor, offset }) => ({ tensor: isParam(tensor) ? tensor : own(tensor, !read.has(storage(tensor))), offset })),
    })),
    outputs: Object.fromEntries(Object.entries(outputs).map(([key, tensor]) => [key, own(tensor, true)])),
  }
}

function readStorages(from: readonly Node[], effects: readonly Call[]): ReadonlySet<Tensor> {
  const read = new Set<Tensor>()
  for (const node of reachable(from)) if (node.op.lower !== undefined) for (const input of node.inputs) read.add(storage(input))
  for (const call of effects) for (const tensor of readsOf(call)) read.add(storage(tensor))
  return read
}

/** Storages that are listed more than once: copying one part from another would read and write one arena. */
function repeatedStorages(tensors: readonly Tensor[]): readonly Tensor[] {
  const roots = tensors.map(storage)
  return roots.filter((root, i) => roots.indexOf(root) !== i)
}

interface PlacementRequest {
  readonly calls: readonly Call[]
  readonly inputs: readonly Tensor[]
  readonly arenas: readonly Arena[]
  readonly outputs: Readonly<Record<string, Tensor>>
}

function place({ calls, inputs, arenas, outputs }: PlacementRequest): { allocations: readonly Allocation[]; view: (tensor: Tensor) => View } {
  const allocations: Allocation[] = []
  const places = new Map<Tensor, Place>()
  const allocate = (name: string, role: AllocationRole, bytes: number): number => allocations.push({ name, role, bytes }) - 1

  const arenaNumbers = new Map<string, number>()
  for (const { name, length, parts } of arenas) {
    const allocation = allocate(name, 'persistent', length * 4)
    arenaNumbers.set(name, allocation)
    for (const { tensor, offset } of parts) {
      if (places.has(storage(tensor))) throw new InvariantError(`${tensor.node.label}: must lie in one arena, got ${name} and another. Place it once.`)
      places.set(storage(tensor), { allocation, offset })
    }
  }
  for (const tensor of inputs) places.set(tensor, { allocation: allocate(sourceName(tensor), 'input', bytesOf(tensor)), offset: 0 })
  for (const [name, tensor] of Object.entries(outputs)) places.set(storage(tensor), { allocation: allocate(name, 'output', bytesOf(tensor)), offset: 0 })

  const lifetimes = scratchLifetimes(calls, (tensor) => !places.has(tensor) && !isState(tensor))
  const scratch = planMemory(lifetimes)
  const numbers = scratch.allocations.map((bytes, i) => allocate(`scratch${i}`, 'scratch', bytes))
  for (const [tensor, i] of scratch.places) places.set(tensor, { allocation: numbers[i]!, offset: 0 })

  const view = (tensor: Tensor): View => {
    const root = storage(tensor)
    const { allocation, offset } = isState(root)
      ? { allocation: present(arenaNumbers.get(sourceName(root)), `arena ${sourceName(root)}`), offset: stateOffset(root) }
      : present(places.get(root), `place of ${root.node.label}`)
    return { allocation, offsetBytes: offset * 4, length: product(tensor.shape), element: tensor.element }
  }
  return { allocations, view }
}

function scratchLifetimes(calls: readonly Call[], isScratch: (storage: Tensor) => boolean): readonly Lifetime<Tensor>[] {
  const lifetimes = new Map<Tensor, Lifetime<Tensor>>()
  calls.forEach((call, at) => {
    for (const tensor of [...writesOf(call), ...readsOf(call)].map(storage)) {
      if (!isScratch(tensor)) continue
      const first = lifetimes.get(tensor)?.first ?? at
      lifetimes.set(tensor, { item: tensor, bytes: bytesOf(tensor), first, last: at })
    }
  })
  return [...lifetimes.values()]
}

function kernelCall({ kernel, dims, buffers, label }: Call, view: (tensor: Tensor) => View): KernelCall {
  const views = Object.fromEntries(Object.entries(buffers).map(([key, tensor]) => [key, view(tensor)]))
  for (const [key, { length, bound, element }] of Object.entries(kernel.buffers)) {
    const found = views[key]
    const expected = bound === undefined || bound(dims) ? length(dims) : undefined
    if (found?.length !== expected || (found !== undefined && found.element !== element)) {
      throw new InvariantError(`${label}: must bind ${expected ?? 'no'} elements as ${kernel.name}'s ${key}, got ${found?.length ?? 'none'}. Correct its lowering.`)
    }
  }
  return { kernel, dims, views, label }
}

/** The rule of plan.ts: no call reads one allocation and writes it too, but for a buffer that it updates in place. */
function checkAliasing(plan: Plan): void {
  for (const { kernel, views, label } of plan.calls) {
    const written = Object.entries(views).filter(([key]) => kernel.buffers[key]!.access !== 'read')
    for (const [key, { allocation }] of written) {
      const other = Object.entries(views).find(([otherKey, view]) => otherKey !== key && view.allocation === allocation)
      if (other !== undefined) throw new InvariantError(`${label}: must not bind ${key} and ${other[0]} from one allocation, got ${plan.allocations[allocation]!.name}. Correct the memory plan.`)
    }
  }
}

const bytesOf = (tensor: Tensor): number => product(tensor.shape) * 4

const ports = (tensors: Readonly<Record<string, Tensor>>, view: (tensor: Tensor) => View): Readonly<Record<string, PlanPort>> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, { view: view(tensor), shape: tensor.shape }]))
