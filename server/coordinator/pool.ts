// Examples waiting to be leased: ranges of positions in each shard's order. Taking, giving back and accepting move
// examples between free, leased and accepted, so that each is accepted exactly once.
import { invariant, present } from '../../src/base/errors.ts'
import type { Slice } from '../../src/wire/messages.ts'

export interface Range {
  start: number
  count: number
}

export interface Pool {
  /** Shards in the order in which they are begun. */
  readonly order: readonly number[]
  /** Free ranges of each shard, ascending, never touching. */
  readonly free: Range[][]
  freeExamples: number
  accepted: number
  readonly total: number
}

export function createPool(shards: readonly number[], order: readonly number[]): Pool {
  const total = shards.reduce((a, b) => a + b, 0)
  return { order, free: shards.map((count) => (count === 0 ? [] : [{ start: 0, count }])), freeExamples: total, accepted: 0, total }
}

/** Takes up to `count` examples, from the shards in the order of `preference` first. */
export function take(pool: Pool, count: number, preference: Iterable<number>): Slice[] {
  const slices: Slice[] = []
  let missing = Math.min(count, pool.freeExamples)
  pool.freeExamples -= missing
  for (const shard of preference) {
    const free = present(pool.free[shard], 'shard')
    while (missing > 0 && free.length > 0) {
      const range = free[0]!
      const taken = Math.min(range.count, missing)
      slices.push({ shard, start: range.start, count: taken })
      range.start += taken
      range.count -= taken
      missing -= taken
      if (range.count === 0) free.shift()
    }
    if (missing === 0) break
  }
  invariant(missing === 0, `pool: must hold the examples it counts, missed ${missing}.`)
  return slices
}

/** Work that was lost or refused is free again. */
export function giveBack(pool: Pool, slices: readonly Slice[]): void {
  for (const { shard, start, count } of slices) {
    const free = present(pool.free[shard], 'shard')
    let at = free.findIndex((range) => range.start > start)
    if (at === -1) at = free.length
    const before = free[at - 1], after = free[at]
    invariant(before === undefined || before.start + before.count <= start, `pool: examples must be given back once, shard ${shard} has ${start} free already.`)
    invariant(after === undefined || start + count <= after.start, `pool: examples must be given back once, shard ${shard} has ${start + count} free already.`)
    free.splice(at, 0, { start, count })
    mergeAround(free, at)
    pool.freeExamples += count
  }
}

/** Removes named slices, as when the log is replayed. Throws InvariantError where one is not free: it was accepted before. */
export function claim(pool: Pool, slices: readonly Slice[]): void {
  for (const { shard, start, count } of slices) {
    const free = present(pool.free[shard], `shard ${shard}`)
    const at = free.findIndex((range) => range.start <= start && start + count <= range.start + range.count)
    invariant(at !== -1, `pool: each example must be accepted once an epoch, shard ${shard} has ${start}..${start + count} taken already.`)
    const range = free[at]!
    const pieces = [{ start: range.start, count: start - range.start }, { start: start + count, count: range.start + range.count - start - count }]
    free.splice(at, 1, ...pieces.filter((piece) => piece.count > 0))
    pool.freeExamples -= count
  }
}

export const sizeOf = (slices: readonly Slice[]): number => slices.reduce((sum, slice) => sum + slice.count, 0)

function mergeAround(free: Range[], at: number): void {
  const join = (left: number): void => {
    const a = free[left], b = free[left + 1]
    if (a === undefined || b === undefined || a.start + a.count !== b.start) return
    a.count += b.count
    free.splice(left + 1, 1)
  }
  join(at)
  join(at - 1)
}
