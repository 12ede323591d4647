// The version in the making under each schedule.
import { expect, it } from 'vitest'
import type { Schedule } from '../../src/fed/strategy.ts'
import { nextVersionStatus, partsOut } from './next-version.ts'
import type { Settings } from './state.ts'
import { ASYNCHRONOUS, Driver } from './test-driver.ts'

const weighting = { name: 'polynomial', exponent: 0.5 }
const joined = (schedule: Schedule, extra: Partial<Settings> = {}): Driver => {
  const driver = new Driver({ schedule, ...extra })
  for (const id of ['a', 'b']) driver.join(id)
  driver.deliver('a')
  driver.settle()
  driver.now += 50
  return driver
}

it.each<[Schedule, object]>([
  [{ type: 'synchronous', examplesPerRound: 16, deadlineMs: 1000, quorum: 0.5 }, { number: 1, accepted: 4, out: 8, wanted: 16, ageMs: 50, limitMs: 1000 }],
  [{ type: 'cohort', participants: 3, examplesPerLease: 4, deadlineMs: 900, quorum: 1 }, { number: 1, accepted: 1, out: 2, wanted: 3, ageMs: 50, limitMs: 900 }],
  [{ type: 'buffered', bufferSize: 4, examplesPerLease: 4, maxStaleness: 1, weighting }, { number: 1, accepted: 1, out: 2, wanted: 4 }],
  [{ type: 'semi-synchronous', tickMs: 200, maxUpdates: 9, examplesPerLease: 4, maxStaleness: 1, weighting }, { number: 1, accepted: 1, out: 2, ageMs: 50, limitMs: 200 }],
  [ASYNCHRONOUS, { number: 2, accepted: 0, out: 2, wanted: 1 }],
])('%j', (schedule, expected) => {
  const driver = joined(schedule)
  expect(nextVersionStatus(driver.state, driver.now)).toEqual(expected)
  expect(partsOut(driver.state)).toEqual([])
})

it('is none when all is done, and names the parts that are out', () => {
  const cohort = { type: 'cohort', deadlineMs: 1000, quorum: 1 } as const
  const driver = new Driver({ schedule: cohort, epochs: 1, parts: [[0], [1]], shards: { train: [20, 20], test: [] } })
  for (const id of ['a', 'b']) driver.join(id)
  expect([...partsOut(driver.state)].sort()).toEqual([0, 1])
  for (const id of ['a', 'b']) driver.deliver(id)
  driver.settle()
  expect([nextVersionStatus(driver.state, 0), partsOut(driver.state)]).toEqual([undefined, []])
})
