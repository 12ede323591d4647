import fc from 'fast-check'
import { expect, test } from 'vitest'
import { layeredCache, memoryStore } from './byte-store.ts'

test('a store in memory holds what was used last, and never more than its bound', async () => {
  const step = fc.record({ hash: fc.constantFrom('a', 'b', 'c', 'd', 'e'), bytes: fc.integer({ min: 0, max: 12 }), write: fc.boolean() })
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const cache = memoryStore(20)
    // The same, by its definition: newest first, cut where the bound is passed.
    let model: { readonly hash: string; readonly bytes: number }[] = []
    for (const { hash, bytes, write } of steps) {
      const known = model.find((file) => file.hash === hash)
      if (write) {
        await cache.set(hash, new Uint8Array(bytes))
        model = [{ hash, bytes }, ...model.filter((file) => file.hash !== hash)]
      } else {
        expect((await cache.get(hash))?.byteLength).toBe(known?.bytes)
        if (known !== undefined) model = [known, ...model.filter((file) => file !== known)]
      }
      while (model.reduce((sum, file) => sum + file.bytes, 0) > 20) model.pop()
    }
    for (const { hash, bytes } of model) expect((await cache.get(hash))?.byteLength).toBe(bytes)
  }))
})

test('a file larger than the bound is not kept, and pushes nothing out', async () => {
  const cache = memoryStore(10)
  await cache.set('small', new Uint8Array(4))
  await cache.set('huge', new Uint8Array(11))
  expect(await cache.get('huge')).toBeUndefined()
  expect(await cache.get('small')).toHaveLength(4)
})

test('what the far layer had is near afterwards', async () => {
  const near = memoryStore(100), far = memoryStore(100)
  await far.set('a', Uint8Array.of(1, 2))
  expect(await layeredCache(near, far).get('a')).toEqual(Uint8Array.of(1, 2))
  expect(await near.get('a')).toEqual(Uint8Array.of(1, 2))
})
