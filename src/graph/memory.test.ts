// Properties of the memory plan over random lifetimes, and its quality on a chain.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { overlap, planMemory, type Lifetime } from './memory.ts'

const lifetimes = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 1000 }), first: fc.nat(30), length: fc.nat(10) }), { maxLength: 40 })
  .map((rows) => rows.map(({ bytes, first, length }, item): Lifetime<number> => ({ item, bytes, first, last: first + length })))

test('no two tensors that are live at the same time share memory, and each one fits its allocation', () => {
  fc.assert(fc.property(lifetimes, (all) => {
    const { allocations, places } = planMemory(all)
    for (const a of all) {
      expect(allocations[places.get(a.item)!]).toBeGreaterThanOrEqual(a.bytes)
      for (const b of all) if (a !== b && overlap(a, b)) expect(places.get(a.item)).not.toBe(places.get(b.item))
    }
  }))
})

test('never needs more than separate memory for all, and never less than what is live at once', () => {
  fc.assert(fc.property(lifetimes, (all) => {
    const total = planMemory(all).allocations.reduce((sum, bytes) => sum + bytes, 0)
    const liveAt = (at: number): number => all.filter(({ first, last }) => first <= at && at <= last).reduce((sum, { bytes }) => sum + bytes, 0)
    expect(total).toBeLessThanOrEqual(all.reduce((sum, { bytes }) => sum + bytes, 0))
    expect(total).toBeGreaterThanOrEqual(Math.max(0, ...Array.from({ length: 41 }, (_, at) => liveAt(at))))
  }))
})

test('a chain of calls needs two allocations', () => {
  const chain = Array.from({ length: 10 }, (_, i): Lifetime<number> => ({ item: i, bytes: 100 - i, first: i, last: i + 1 }))
  expect(planMemory(chain).allocations).toEqual([100, 99])
})
