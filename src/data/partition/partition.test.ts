// What holds for every way of dividing data, and the figures that each is known by.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../base/errors.ts'
import { createRng } from '../../base/rng.ts'
import { drawDirichlet, drawLogGamma } from './gamma.ts'
import { dividePartition, partitioners } from './index.ts'
import { apportion, type PartitionChoice } from './partition.ts'

const CLASSES = 10
const MNIST = { labels: Uint8Array.from({ length: 60_000 }, (_, i) => (i * 7919) % CLASSES), classes: CLASSES, parts: 100, seed: 3 }
const input = fc.record({
  labels: fc.array(fc.nat(CLASSES - 1), { minLength: 40, maxLength: 300 }),
  classes: fc.constant(CLASSES),
  parts: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(),
}).chain((base) => fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: base.parts, maxLength: base.parts }).map((speeds) => ({ ...base, speeds })))

describe.each(partitioners.names())('partition %s', (name) => {
  it('gives every example to exactly one volunteer, and everybody something', () => {
    fc.assert(fc.property(input, (given) => {
      const { parts, order, histogram } = dividePartition(name, given)
      expect(parts.length).toBe(given.parts)
      expect([...order].sort((a, b) => a - b)).toEqual(given.labels.map((_, i) => i))
      expect(parts.flatMap((part) => [...part])).toEqual([...order])
      parts.forEach((part, i) => {
        expect(part.length).toBeGreaterThan(0)
        expect([...histogram[i]!]).toEqual(Array.from({ length: CLASSES }, (_, label) => part.filter((example) => given.labels[example] === label).length))
      })
    }))
  })

  it('is the same for the same seed, and another for another', () => {
    const speeds = Array.from({ length: 100 }, (_, i) => i + 1)
    const order = (seed: number): string => dividePartition(name, { ...MNIST, speeds, seed }).order.join()
    expect(order(1)).toBe(order(1))
    expect(order(1)).not.toBe(order(2))
  })
})

const sizes = (choice: PartitionChoice, extra: object = {}): number[] => dividePartition(choice, { ...MNIST, ...extra }).parts.map((part) => part.length)

/** Mean number of classes that a part has an example of. */
const classesPerPart = (choice: PartitionChoice): number =>
  dividePartition(choice, MNIST).histogram.reduce((sum, counts) => sum + counts.filter((count) => count > 0).length, 0) / MNIST.parts

describe('known statistics', () => {
  it('iid: equal sizes, classes as in the whole', () => {
    const { histogram } = dividePartition('iid', MNIST)
    expect(new Set(sizes('iid'))).toEqual(new Set([600]))
    // Hypergeometric with mean 60 and standard deviation 7.3: over 1,000 counts none is 5 away.
    for (const counts of histogram) for (const count of counts) expect(Math.abs(count - 60)).toBeLessThan(37)
    expect(histogram[0]).not.toEqual(new Uint32Array(CLASSES).fill(60))
  })

  it('label order: one after the other, but for a fair sample for those at the end', () => {
    const { histogram } = dividePartition({ name: 'label-order', fair: 5 }, { ...MNIST, parts: 25 })
    const classesOf = histogram.map((counts) => [...counts.keys()].filter((label) => counts[label]! > 0))
    for (let part = 0; part < 20; part++) {
      expect(classesOf[part]!.length).toBeLessThanOrEqual(3)
      expect(Math.min(...classesOf[part]!)).toBeGreaterThanOrEqual(Math.max(0, ...(classesOf[part - 1] ?? [])))
    }
    for (const own of classesOf.slice(20)) expect(own.length).toBe(CLASSES)
    expect(() => dividePartition({ name: 'label-order', fair: 26 }, { ...MNIST, parts: 25 })).toThrow(ConfigError)
  })

  it('label shards: 200 shards of 300, two classes at most', () => {
    const { histogram } = dividePartition('label-shards', MNIST)
    for (const counts of histogram) {
      expect([...counts].filter((count) => count > 0).length).toBeLessThanOrEqual(2)
      for (const count of counts) expect(count % 300).toBe(0)
    }
    expect(classesPerPart({ name: 'label-shards', shardsPerVolunteer: 1 })).toBe(1)
  })

  it('Dirichlet: nearly fair with large alpha, few classes with small', () => {
    for (const counts of dividePartition({ name: 'dirichlet', alpha: 1e6 }, MNIST).histogram) for (const count of counts) expect(Math.abs(count - 60)).toBeLessThan(4)
    expect(classesPerPart({ name: 'dirichlet', alpha: 0.01 })).toBeLessThan(3)
    expect(classesPerPart({ name: 'dirichlet', alpha: 10 })).toBe(10)
    expect(Math.min(...sizes({ name: 'dirichlet', alpha: 0.3, minExamples: 100 }))).toBeGreaterThanOrEqual(100)
  })

  it('by size: the k-th largest has k^-exponent of the largest', () => {
    const sorted = sizes({ name: 'by-size', exponent: 1 }).sort((a, b) => b - a)
    ;[1, 9, 49, 99].forEach((k) => expect(sorted[k]! / sorted[0]!).toBeCloseTo(1 / (k + 1), 2))
    expect(sizes({ name: 'by-size', sizes: [100, 200, 700] }, { parts: 3, labels: MNIST.labels.subarray(0, 1000) })).toEqual([100, 200, 700])
  })

  it('by speed: in proportion', () => expect(sizes('by-speed', { parts: 3, speeds: [1, 2, 7] })).toEqual([6000, 12_000, 42_000]))
})

describe('apportion', () => {
  it('sums to the total, no share a whole one off, none empty while there is enough', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 5000 }), fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 30 }), (total, weights) => {
      const result = apportion(total, weights)
      const sum = weights.reduce((a, b) => a + b, 0)
      expect(result.reduce((a, b) => a + b, 0)).toBe(total)
      if (total >= weights.length) expect(Math.min(...result)).toBeGreaterThan(0)
      if (weights.every((weight) => (total * weight) / sum >= 1)) result.forEach((size, i) => expect(Math.abs(size - (total * weights[i]!) / sum)).toBeLessThan(1))
    }))
  })
})

describe('gamma', () => {
  it.each([0.3, 1, 4.5])('has mean and variance %d', (shape) => {
    const rng = createRng(`gamma/${shape}`)
    const draws = Array.from({ length: 40_000 }, () => Math.exp(drawLogGamma(rng, shape)))
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length
    expect(Math.abs(mean - shape)).toBeLessThan(5 * Math.sqrt(shape / draws.length))
    expect(Math.abs(variance / shape - 1)).toBeLessThan(0.1)
  })

  it('makes shares with the variance of a Dirichlet distribution, however small alpha is', () => {
    const rng = createRng('dirichlet')
    for (const alpha of [1e-4, 0.1, 1, 20]) {
      const count = 5
      const draws = Array.from({ length: 4000 }, () => drawDirichlet(rng, alpha, count))
      for (const shares of draws) expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
      const variance = draws.reduce((sum, shares) => sum + (shares[0]! - 1 / count) ** 2, 0) / draws.length
      const expected = ((1 / count) * (1 - 1 / count)) / (count * alpha + 1)
      expect(Math.abs(variance / expected - 1)).toBeLessThan(0.15)
    }
  })
})

describe('refusals', () => {
  it.each<[string, PartitionChoice, object, RegExp]>([
    ['an unknown name', 'dirichlett', {}, /Did you mean "dirichlet"/],
    ['an unknown option', { name: 'dirichlet', alfa: 1 }, {}, /Did you mean "alpha"/],
    ['more volunteers than examples', 'iid', { parts: 70_000 }, /Lower the number of volunteers/],
    ['more shards than examples', { name: 'label-shards', shardsPerVolunteer: 601 }, {}, /Lower shardsPerVolunteer/],
    ['more than there is', { name: 'dirichlet', minExamples: 500 }, { parts: 30, labels: MNIST.labels.subarray(0, 600) }, /Lower minExamples/],
    ['speeds of nobody', 'by-speed', {}, /one for each/],
    ['sizes of others', { name: 'by-size', sizes: [1, 2] }, {}, /got 2 of them/],
  ])('names the remedy for %s', (_, choice, extra, message) => {
    expect(() => dividePartition(choice, { ...MNIST, ...extra })).toThrow(ConfigError)
    expect(() => dividePartition(choice, { ...MNIST, ...extra })).toThrow(message)
  })
})
