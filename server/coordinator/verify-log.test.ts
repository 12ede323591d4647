// The proof must fail on every log that breaks a rule; otherwise it proves nothing.
import { beforeAll, describe, expect, it } from 'vitest'
import type { AcceptedRecord, LogRecord, VersionRecord } from './records.ts'
import { Simulation } from './simulation.ts'
import { verifyRecords } from './verify-log.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

describe.each(['synchronous', 'asynchronous'] as const)('verifyLog, %s', (schedule) => {
  let records: readonly LogRecord[]
  beforeAll(async () => {
    const simulation = new Simulation({ seed: 11, schedule, config: { epochs: 2 } })
    await simulation.run(0, 60_000)
    records = await simulation.records()
  })

  const tampered = (change: (copy: Mutable<LogRecord>[]) => void): (() => unknown) => {
    const copy = structuredClone(records) as Mutable<LogRecord>[]
    change(copy)
    return () => verifyRecords(copy)
  }
  const nth = <T extends LogRecord['type']>(copy: readonly LogRecord[], type: T, n = 3): Mutable<Extract<LogRecord, { type: T }>> =>
    copy.filter((record) => record.type === type)[n] as Mutable<Extract<LogRecord, { type: T }>>

  it('accepts an honest log', () => expect(verifyRecords(records)).toMatchObject({ epochsDone: 2, pending: [] }))

  it.each<[string, (copy: Mutable<LogRecord>[]) => void, RegExp]>([
    ['V1: an update in two versions', (copy) => { (nth(copy, 'version', 4) as { leases: readonly string[] }).leases = nth(copy, 'version', 3).leases }, /in no other version/],
    ['F3: an update accepted twice', (copy) => { copy.push(nth(copy, 'accepted')) }, /accepted once/],
    ['P1: a lost update', (copy) => { copy.splice(copy.indexOf(nth(copy, 'accepted') as LogRecord), 1) }, /accepted updates/],
    ['D1: an example accepted twice', (copy) => {
      const [first, second] = copy.filter((record): record is AcceptedRecord => record.type === 'accepted' && record.epoch === 0)
      ;(second as Mutable<AcceptedRecord>).slices = first!.slices
      ;(second as Mutable<AcceptedRecord>).numExamples = first!.numExamples
    }, /accepted once in epoch|slices of/],
    ['V1: a version left out', (copy) => { copy.splice(copy.indexOf(nth(copy, 'version') as LogRecord), 1) }, /must follow/],
    ['V2: a wrong weight', (copy) => { (nth(copy, 'version') as Mutable<VersionRecord>).totalWeight++ }, /total weight/],
    ['a wrong count of examples', (copy) => { (nth(copy, 'version') as Mutable<VersionRecord>).examples++ }, /must count/],
    ['A2: a staleness that is not so', (copy) => { (nth(copy, 'accepted') as Mutable<AcceptedRecord>).modelVersion-- }, /staleness/],
    ['F2: an update of an older incarnation', (copy) => { copy.splice(5, 0, { type: 'incarnation', incarnation: 2 }) }, /must be of incarnation/],
    ['F1: an incarnation that does not rise', (copy) => { copy.push({ type: 'incarnation', incarnation: 1 }) }, /must rise/],
    ['an evaluation of a model that never was', (copy) => { nth(copy, 'evaluation', 0).hash = '0'.repeat(64) }, /version that was made/],
    ['a checkpoint of a model that never was', (copy) => { nth(copy, 'checkpoint', 1).modelHash = '0'.repeat(64) }, /version that was made/],
    ['D2: an epoch begun too early', (copy) => { (nth(copy, 'accepted') as Mutable<AcceptedRecord>).epoch = 2 }, /open epoch/],
  ])('refuses %s', (_, change, message) => {
    expect(tampered(change)).toThrow(message)
  })
})
