// A binary heap whose first element may change its place in the order.

export interface Heap<T> {
  first(): T | undefined
  /** The first element comes later in the order than it did. */
  sinkFirst(): void
  removeFirst(): void
}

/** `compare` as for sorting. Takes `items` over. */
export function createHeap<T>(items: T[], compare: (a: T, b: T) => number): Heap<T> {
  const sink = (from: number): void => {
    for (let at = from; ;) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < items.length && compare(items[child]!, items[least]!) < 0) least = child
      if (least === at) return
      const swap = items[at]!
      items[at] = items[least]!
      items[least] = swap
      at = least
    }
  }
  for (let at = (items.length >> 1) - 1; at >= 0; at--) sink(at)
  return {
    first: () => items[0],
    sinkFirst: () => sink(0),
    removeFirst() {
      const last = items.pop()
      if (items.length === 0 || last === undefined) return
      items[0] = last
      sink(0)
    },
  }
}
