import { describe, expect, it } from 'vitest'
import type { Progress } from './checkpoint.ts'
import { mergedRecords, seedRecord, taskRecord } from './record.ts'
import type { Target } from './task.ts'

const target: Target = { metric: 'accuracy', goal: 'at least', value: 0.75, from: 'chosen' }
const progress = (test: number, finished = true): Progress => ({
  seconds: 12.345, finished, adapters: ['wasm: WebAssembly SIMD'],
  history: [{ step: 10, seconds: 6, trainingLoss: 1, test, validation: 0.9 }, { step: 20, seconds: 12, trainingLoss: 0.5, test: 0.1, validation: 0.8 }],
})
const task = { name: 'some', target, seeds: [1, 2] }

describe('the record of what a model learned', () => {
  it('has target, machine, runner, seed, steps, seconds and the whole history', () => {
    const record = taskRecord(task, [seedRecord(1, target, progress(0.8)), seedRecord(2, target, progress(0.72))], 'a machine')
    expect(record).toMatchObject({ task: 'some', metric: 'accuracy', target: { goal: 'at least', value: 0.75 }, machine: 'a machine', reached: true })
    expect(record.mean).toBeCloseTo(0.76, 12)
    // The first evaluation counts, as it is the best by validation.
    expect(record.seeds[0]).toEqual({ seed: 1, score: 0.8, step: 10, steps: 20, seconds: 12.3, finished: true, adapters: ['wasm: WebAssembly SIMD'], history: progress(0.8).history })
  })

  it('says missed or unfinished where it is so', () => {
    expect(taskRecord(task, [1, 2].map((seed) => seedRecord(seed, target, progress(0.7))), '').reached).toBe(false)
    expect(taskRecord(task, [seedRecord(1, target, progress(0.8)), seedRecord(2, target, progress(0.8, false))], '').reached).toBeNull()
    expect(taskRecord(task, [seedRecord(1, target, progress(0.8))], '').reached).toBeNull()
    expect(taskRecord(task, [], '')).toMatchObject({ mean: null, reached: null })
  })

  it('stays beside those of other tasks, until its own is measured again', () => {
    const of = (name: string, machine: string, begun = true) => taskRecord({ ...task, name }, begun ? [seedRecord(1, target, progress(0.8))] : [], machine)
    const merged = mergedRecords([of('a', 'old'), of('b', 'old')], [of('b', 'new'), of('c', 'new'), of('a', 'new', false)])
    expect(merged.map(({ task: name, machine }) => [name, machine])).toEqual([['a', 'old'], ['b', 'new'], ['c', 'new']])
  })
})
