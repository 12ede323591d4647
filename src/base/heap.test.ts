import { expect, it } from 'vitest'
import { createHeap } from './heap.ts'
import { createRng } from './rng.ts'

it('gives the least first, also when it is changed or taken out', () => {
  const rng = createRng(1)
  for (let round = 0; round < 50; round++) {
    let items = Array.from({ length: rng.integer(20) }, (_, place) => ({ value: rng.integer(10), place }))
    const compare = (a: (typeof items)[number], b: (typeof items)[number]): number => a.value - b.value || a.place - b.place
    const heap = createHeap([...items], compare)
    while (items.length > 0) {
      const least = [...items].sort(compare)[0]!
      expect(heap.first()).toBe(least)
      if (rng.integer(3) === 0) {
        least.value += rng.integer(5)
        heap.sinkFirst()
      } else {
        items = items.filter((item) => item !== least)
        heap.removeFirst()
      }
    }
    expect(heap.first()).toBeUndefined()
  }
})
