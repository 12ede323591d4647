// Static memory plan: tensors whose lifetimes do not overlap share an allocation. Greedy by size (Pisarchyk and Lee 2020,
// arXiv 2001.03288): the largest tensor first, each into the allocation that is free for its lifetime and fits it best.
// Other orders are better now and then, so the smallest of a few plans is taken. Lifetimes include both ends, so the output
// of a call never lies where an input of that call lies, as WebGPU demands.

export interface Lifetime<T> {
  readonly item: T
  readonly bytes: number
  /** Number of the call that writes it, and of the last one that reads it. */
  readonly first: number
  readonly last: number
}

export interface MemoryPlan<T> {
  /** Bytes of each shared allocation. */
  readonly allocations: readonly number[]
  readonly places: ReadonlyMap<T, number>
}

type Order = (a: Lifetime<unknown>, b: Lifetime<unknown>) => number

const ORDERS: readonly Order[] = [
  (a, b) => b.bytes - a.bytes || a.first - b.first,
  (a, b) => b.bytes - a.bytes || b.last - b.first - (a.last - a.first),
  (a, b) => b.bytes * (b.last - b.first + 1) - a.bytes * (a.last - a.first + 1),
  (a, b) => a.first - b.first || b.bytes - a.bytes,
]

export function planMemory<T>(lifetimes: readonly Lifetime<T>[]): MemoryPlan<T> {
  const plans = ORDERS.map((order) => greedy([...lifetimes].sort(order)))
  return plans.reduce((best, plan) => (total(plan) < total(best) ? plan : best))
}

const total = ({ allocations }: MemoryPlan<unknown>): number => allocations.reduce((sum, bytes) => sum + bytes, 0)

function greedy<T>(ordered: readonly Lifetime<T>[]): MemoryPlan<T> {
  const allocations: { bytes: number; tenants: Lifetime<T>[] }[] = []
  const places = new Map<T, number>()
  for (const lifetime of ordered) {
    const free = allocations.map(({ bytes, tenants }, i) => ({ i, bytes, taken: tenants.some((tenant) => overlap(tenant, lifetime)) })).filter(({ taken }) => !taken)
    // The smallest that is large enough, else the one that has to grow least.
    const fitting = free.filter(({ bytes }) => bytes >= lifetime.bytes).sort((a, b) => a.bytes - b.bytes)[0] ?? free.sort((a, b) => b.bytes - a.bytes)[0]
    const at = fitting?.i ?? allocations.push({ bytes: 0, tenants: [] }) - 1
    allocations[at]!.bytes = Math.max(allocations[at]!.bytes, lifetime.bytes)
    allocations[at]!.tenants.push(lifetime)
    places.set(lifetime.item, at)
  }
  return { allocations: allocations.map(({ bytes }) => bytes), places }
}

/** True where both are needed at the same time. */
export const overlap = (a: Lifetime<unknown>, b: Lifetime<unknown>): boolean => a.first <= b.last && b.first <= a.last
