// Where every tensor of a plan lies: inputs and outputs in allocations of their own, params and state in arenas, and what
// is computed on the way in scratch memory that is shared by lifetime.
import { InvariantError, present } from '../base/errors.ts'
import { product, roundUp } from '../base/math.ts'
import { bytesOfElement } from '../kernels/kernel.ts'
import { readsOf, writesOf, type Call } from './call.ts'
import { planMemory, type Lifetime } from './memory.ts'
import type { Allocation, AllocationRole, View } from './plan.ts'
import { isState, sourceName, stateOffset } from './sources.ts'
import { storage, type Tensor } from './tensor.ts'

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

interface Place {
  readonly allocation: number
  readonly offset: number
}

interface PlacementRequest {
  readonly calls: readonly Call[]
  /** Storages that take over the memory of others. */
  readonly home: ReadonlyMap<Tensor, Tensor>
  /** Storages that hold f16. */
  readonly halves: ReadonlySet<Tensor>
  readonly inputs: readonly Tensor[]
  readonly arenas: readonly Arena[]
  readonly outputs: Readonly<Record<string, Tensor>>
}

export function place({ calls, home, halves, inputs, arenas, outputs }: PlacementRequest): { allocations: readonly Allocation[]; view: (tensor: Tensor) => View } {
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
  for (const tensor of inputs) places.set(tensor, { allocation: allocate(sourceName(tensor), 'input', bytesOf(tensor, halves)), offset: 0 })
  for (const [name, tensor] of Object.entries(outputs)) places.set(storage(tensor), { allocation: allocate(name, 'output', bytesOf(tensor, halves)), offset: 0 })

  const memoryOf = (tensor: Tensor): Tensor => home.get(storage(tensor)) ?? storage(tensor)
  const scratch = planMemory(scratchLifetimes(calls, memoryOf, (root) => !places.has(root) && !isState(root), halves))
  const numbers = scratch.allocations.map((bytes, i) => allocate(`scratch${i}`, 'scratch', bytes))
  for (const [tensor, i] of scratch.places) places.set(tensor, { allocation: numbers[i]!, offset: 0 })

  const view = (tensor: Tensor): View => {
    const root = memoryOf(tensor)
    const { allocation, offset } = isState(root)
      ? { allocation: present(arenaNumbers.get(sourceName(root)), `arena ${sourceName(root)}`), offset: stateOffset(root) }
      : present(places.get(root), `place of ${root.node.label}`)
    return { allocation, offsetBytes: offset * 4, length: product(tensor.shape), element: halves.has(storage(tensor)) ? 'f16' : tensor.element }
  }
  return { allocations, view }
}

function scratchLifetimes(calls: readonly Call[], memoryOf: (tensor: Tensor) => Tensor, isScratch: (storage: Tensor) => boolean, halves: ReadonlySet<Tensor>): readonly Lifetime<Tensor>[] {
  const lifetimes = new Map<Tensor, Lifetime<Tensor>>()
  calls.forEach((call, at) => {
    for (const tensor of [...writesOf(call), ...readsOf(call)].map(memoryOf)) {
      if (!isScratch(tensor)) continue
      const first = lifetimes.get(tensor)?.first ?? at
      lifetimes.set(tensor, { item: tensor, bytes: bytesOf(tensor, halves), first, last: at })
    }
  })
  return [...lifetimes.values()]
}

/** Of a storage's memory. WebGPU binds whole words. */
export const bytesOf = (root: Tensor, halves: ReadonlySet<Tensor>): number => roundUp(product(root.shape) * bytesOfElement(halves.has(root) ? 'f16' : root.element), 4)
