// Updates combined without rounds: full buffers and ticks (server/SPEC.md B1 to B4).
import { describe, expect, it } from 'vitest'
import { weightUnits } from '../../src/fed/exact-sum.ts'
import type { AcceptedRecord, VersionRecord } from './records.ts'
import type { Settings } from './state.ts'
import { Driver } from './test-driver.ts'

const weighting = { name: 'polynomial', exponent: 0.5 }
const buffered = (bufferSize: number, extra: object = {}): Partial<Settings> => ({ schedule: { type: 'buffered', bufferSize, examplesPerLease: 4, maxStaleness: 2, weighting, ...extra } })
const ticking = (extra: object = {}): Partial<Settings> => ({ schedule: { type: 'semi-synchronous', tickMs: 1000, maxUpdates: 3, examplesPerLease: 4, maxStaleness: 2, weighting, ...extra } })
const versions = ({ log }: Driver): readonly (readonly string[])[] => log.filter((record): record is VersionRecord => record.type === 'version').map(({ leases }) => leases)
const accepted = ({ log }: Driver): readonly AcceptedRecord[] => log.filter((record): record is AcceptedRecord => record.type === 'accepted')

function deliver(driver: Driver, ...ids: readonly string[]): void {
  for (const id of ids) {
    driver.deliver(id)
    driver.settle()
  }
}

describe('buffers', () => {
  it('B1: make a version of each so many updates, in the order of the log, and nobody waits for it to fill', () => {
    const driver = new Driver(buffered(2))
    driver.join('a')
    driver.join('b')
    deliver(driver, 'b', 'b')
    expect(versions(driver)).toEqual([['1-2', '1-3']])
    // a was granted version 0, and goes on at version 1.
    deliver(driver, 'a', 'b')
    expect(versions(driver)).toEqual([['1-2', '1-3'], ['1-1', '1-4']])
    expect(accepted(driver).map(({ staleness }) => staleness)).toEqual([0, 0, 1, 0])
  })

  it('B1: count what is on its way to the disk', () => {
    const driver = new Driver(buffered(1))
    driver.join('a')
    driver.join('b')
    driver.deliver('a')
    driver.deliver('b')
    for (const leaseId of ['1-1', '1-2']) driver.event({ type: 'checked', leaseId, verdict: { ok: true, clampedElements: 0 } })
    driver.waiting = driver.waiting.filter(({ type }) => type !== 'check')
    driver.settle()
    expect(accepted(driver).map(({ staleness }) => staleness)).toEqual([0, 1])
    expect(versions(driver)).toEqual([['1-1'], ['1-2']])
  })

  it('B3: weigh an update by its staleness alone, and refuse what is too stale', () => {
    const driver = new Driver(buffered(1, { maxStaleness: 1 }))
    for (const id of ['a', 'b', 'c']) driver.join(id)
    deliver(driver, 'a', 'b')
    expect(accepted(driver).map(({ weight }) => weight)).toEqual([1024, weightUnits(Math.SQRT1_2)])
    expect(driver.deliver('c')).toBe('too-stale')
  })

  it('B4: the last one holds what is left', () => {
    const driver = new Driver({ ...buffered(3), epochs: 1, shards: { train: [20], test: [] } })
    driver.join('a')
    deliver(driver, 'a', 'a', 'a', 'a', 'a')
    expect(versions(driver)).toEqual([['1-1', '1-2', '1-3'], ['1-4', '1-5']])
    expect(driver.state.finished).toBe(true)
  })

  it('B4: updates too few for the aggregator stay out of the model, and the run ends', () => {
    const driver = new Driver({ ...buffered(3), minUpdates: 3, seesEach: true, epochs: 1, shards: { train: [20], test: [] } })
    driver.join('a')
    deliver(driver, 'a', 'a', 'a', 'a', 'a')
    expect(versions(driver)).toEqual([['1-1', '1-2', '1-3']])
    expect(driver.state.finished).toBe(true)
  })
})

describe('ticks', () => {
  it('B2: make a version of what is there, and none of nothing', () => {
    const driver = new Driver(ticking())
    driver.join('a')
    driver.join('b')
    driver.at(1000)
    driver.settle()
    expect(driver.state.version).toBe(0)
    deliver(driver, 'a')
    // The tick is over, so the first update makes a version at once.
    expect(versions(driver)).toEqual([['1-1']])
    deliver(driver, 'a')
    driver.at(1999)
    driver.settle()
    expect(driver.state.version).toBe(1)
    driver.at(2000)
    driver.settle()
    expect(versions(driver)).toEqual([['1-1'], ['1-3']])
    // Who was not done counts later.
    deliver(driver, 'b')
    driver.at(3000)
    driver.settle()
    expect(accepted(driver).at(-1)).toMatchObject({ leaseId: '1-2', staleness: 2 })
    expect(versions(driver).at(-1)).toEqual(['1-2'])
  })

  it('B2: do not wait for their time with the largest number of updates', () => {
    const driver = new Driver(ticking())
    driver.join('a')
    deliver(driver, 'a', 'a', 'a', 'a')
    expect(versions(driver)).toEqual([['1-1', '1-2', '1-3']])
  })

  it('B2: settle who belongs to a version before all of it is on disk', () => {
    const driver = new Driver(ticking())
    driver.join('a')
    driver.join('b')
    driver.deliver('a')
    driver.event({ type: 'checked', leaseId: '1-1', verdict: { ok: true, clampedElements: 0 } })
    driver.waiting = driver.waiting.filter(({ type }) => type !== 'check')
    driver.at(1000)
    driver.deliver('b')
    driver.event({ type: 'checked', leaseId: '1-2', verdict: { ok: true, clampedElements: 0 } })
    driver.waiting = driver.waiting.filter(({ type }) => type !== 'check')
    driver.settle()
    expect(versions(driver)).toEqual([['1-1']])
    expect(accepted(driver).map(({ staleness }) => staleness)).toEqual([0, 1])
  })
})
