// How a plan's calls are cut into submits, and how plans share memory: no GPU needed.
import { expect, it } from 'vitest'
import { createLane } from './lane.ts'
import { splitBySubmit } from './program.ts'

const times = (...list: readonly number[]): { ms: number }[] => list.map((ms) => ({ ms }))

it('a step of ordinary calls is one submit', () => {
  expect(splitBySubmit(times(1, 30, 60, 8))).toHaveLength(1)
})

it('no submit is estimated above 100 ms, but for a single call that is so by itself', () => {
  const parts = splitBySubmit(times(60, 50, 300, 20, 20)).map((part) => part.map(({ ms }) => ms))
  expect(parts).toEqual([[60], [50], [300], [20, 20]])
})

it('a lane runs at once, holds what exceeds the bound, and keeps the order', async () => {
  const done: (() => void)[] = []
  const lane = createLane(() => new Promise<void>((resolve) => { done.push(resolve) }), 2)
  const seen: string[] = []
  const enqueue = (name: string): void => {
    const box = [name]
    lane.enqueue(() => { seen.push(name); lane.started() }, () => [...box], ([copied]) => { seen.push(`later ${copied}`); lane.started() })
    box[0] = 'overwritten'
  }
  for (const name of ['a', 'b', 'c', 'd']) enqueue(name)
  const after = lane.after(async () => { seen.push('after') })
  expect(seen).toEqual(['a', 'b'])
  done.shift()!()
  await Promise.resolve().then(() => undefined)
  expect(seen).toEqual(['a', 'b', 'later c'])
  done.shift()!()
  done.shift()!()
  await after
  expect(seen).toEqual(['a', 'b', 'later c', 'later d', 'after'])
})

it('a lane keeps everything back while it is held', async () => {
  const lane = createLane(() => new Promise<void>(() => undefined), 2)
  const seen: string[] = []
  let release!: () => void
  lane.enqueue(() => lane.hold(new Promise<void>((resolve) => { release = resolve })), () => undefined, () => undefined)
  lane.enqueue(() => { seen.push('at once') }, () => 'copy', (copied) => { seen.push(copied) })
  const after = lane.after(async () => { seen.push('after') })
  await Promise.resolve()
  expect(seen).toEqual([])
  release()
  await after
  expect(seen).toEqual(['copy', 'after'])
})
