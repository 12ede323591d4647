import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addPending, countOf, countUpTo, pendingOf } from './pending.ts'
import type { PendingUpdate } from './state.ts'

const update = (version: number, place: number): PendingUpdate => ({ version, modelVersion: 0, leaseId: `1-${place}`, weight: 1, numExamples: 1 })

describe('pending updates', () => {
  it('V1: are those of each version, in the order of the log, in whatever order versions come', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 40 }), fc.integer({ min: 0, max: 7 }), (versions, version) => {
      const log = versions.map(update), state = { pending: [] }
      for (const each of log) addPending(state, each)
      expect(pendingOf(state, version)).toEqual(log.filter((each) => each.version === version))
      expect(countOf(state, version)).toBe(log.filter((each) => each.version === version).length)
      expect(countUpTo(state, version)).toBe(log.filter((each) => each.version <= version).length)
    }))
  })
})
