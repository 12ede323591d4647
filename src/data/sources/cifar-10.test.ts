import { expect, it } from 'vitest'
import { cifar10 } from './cifar-10.ts'

/** Pixel p of channel c of image i is 100 c + p mod 100, its label i + first. */
const batch = (count: number, first: number): Uint8Array => Uint8Array.from({ length: count * 3073 }, (_, at) => {
  const i = Math.floor(at / 3073), p = (at % 3073) - 1
  return p < 0 ? i + first : 100 * Math.floor(p / 1024) % 256 + (p % 1024) % 100
})
const file = (path: string, bytes: Uint8Array): { path: string; bytes: Uint8Array } => ({ path, bytes })

it('puts the batches that are there one after another, channels last', () => {
  const { shape, train, test } = cifar10.load({ seed: 1, files: { data_batch_1: file('1', batch(2, 0)), data_batch_3: file('3', batch(1, 7)), test: file('t', batch(1, 9)) } })
  expect(shape).toEqual([32, 32, 3])
  expect([...train.labels]).toEqual([0, 1, 7])
  expect([...test.labels]).toEqual([9])
  expect([...train.values.subarray(3072 + 3 * 5, 3072 + 3 * 5 + 3)]).toEqual([5, 105, 205])
  expect(() => cifar10.load({ seed: 1, files: { data_batch_1: file('1', batch(2, 9)), test: file('t', batch(1, 0)) } })).toThrow(/^1: must hold labels below 10, got 10 at byte 3073/)
  expect(() => cifar10.load({ seed: 1, files: { data_batch_1: file('1', new Uint8Array(100)), test: file('t', batch(1, 0)) } })).toThrow(/^1: must hold whole records of 3073 bytes, got 100/)
})
