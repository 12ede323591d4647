// Static memory plan: tensors whose lifetimes do not overlap share an allocation. Greedy by size (Pisarchyk and Lee 2020,
// arXiv 2001.03288): the largest tensor first, each into the allocation that is free for its lifetime and fits it best.
// Lifetimes include both ends, so the output of a call never lies where an input of that call lies, as WebGPU demands.

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

export function planMemory<T>(lifetimes: readonly Lifetime<T>[]): MemoryPlan<T> {
  const allocations: { bytes: number; tenants: Lifetime<T>[] }[] = []
  const places = new Map<T, number>()
  const largestFirst = [...lifetimes].sort((a, b) => b.bytes - a.bytes || a.first - b.first)
  for (const lifetime of largestFirst) {
    let best = -1
    allocations.forEach(({ bytes, tenants }, i) => {
      if (tenants.some((tenant) => overlap(tenant, lifetime))) return
      if (best < 0 || bytes < allocations[best]!.bytes) best = i
    })
    if (best < 0) best = allocations.push({ bytes: lifetime.bytes, tenants: [] }) - 1
    allocations[best]!.tenants.push(lifetime)
    places.set(lifetime.item, best)
  }
  return { allocations: allocations.map(({ bytes }) => bytes), places }
}

/** True where both are needed at the same time. */
export const overlap = (a: Lifetime<unknown>, b: Lifetime<unknown>): boolean => a.first <= b.last && b.first <= a.last
