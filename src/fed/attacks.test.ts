// Attacks by their formulas, and what they do to aggregators on a loss whose optimum is known.
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../base/errors.ts'
import { createRng } from '../base/rng.ts'
import { attacks, resolveAttack } from './attacks.ts'
import type { AggregatorChoice } from './aggregators/aggregator.ts'
import { resolveAggregator } from './aggregators/index.ts'

const OWN = Float32Array.of(1, -2)
const HONEST = [Float32Array.of(1, 2), Float32Array.of(3, 6)]

describe('attacks', () => {
  it.each<[string | { name: string; [option: string]: unknown }, number[]]>([
    ['bit-flip', [-1, 2]],
    ['float-flip', [-1.25 * 2 ** 64, 1.25 * 2 ** -63]],
    ['label-flip', [1, -2]],
    [{ name: 'inner-product', epsilon: 0.5 }, [-1, -2]],
    [{ name: 'little-is-enough', z: 2 }, [0, 0]],
    ['mimic', [1, 2]],
  ])('%j', (choice, expected) => expect([...resolveAttack(choice).forge(OWN, HONEST)]).toEqual(expected))

  it('change no update of anybody', () => {
    for (const name of attacks.names()) resolveAttack(name).forge(OWN, HONEST)
    expect([OWN, ...HONEST]).toEqual([Float32Array.of(1, -2), Float32Array.of(1, 2), Float32Array.of(3, 6)])
  })

  it('label-flip swaps classes from both ends', () => {
    expect([0, 3, 9].map((label) => resolveAttack('label-flip').relabel(label, 10))).toEqual([9, 6, 0])
    expect(resolveAttack('bit-flip').relabel(3, 10)).toBe(3)
  })

  it('float-flip makes huge numbers of small ones, and none that would be refused', () => {
    const own = Float32Array.of(1e-3, -1e-3, 0, 2 ** -64, -(2 ** -64), 1e-30)
    const [small, minus, zero, ...others] = resolveAttack('float-flip').forge(own, [])
    expect(small).toBeLessThan(-1e15)
    expect(minus).toBe(-small!)
    expect(zero).toBeLessThan(-1e15)
    for (const value of others) expect(Number.isFinite(value)).toBe(true)
  })

  it('refuses what there is not', () => {
    expect(() => resolveAttack('bitflip')).toThrow(/Did you mean "bit-flip"/)
    expect(() => resolveAttack({ name: 'inner-product', eps: 1 })).toThrow(ConfigError)
  })
})

/** Distance to the optimum, at 1 in every coordinate, after gradient descent where 8 of 20 volunteers attack. */
function descend(aggregatorChoice: AggregatorChoice, attackChoice: string | undefined): number {
  const size = 20, volunteers = 20, attackers = attackChoice === undefined ? 0 : 8
  const aggregator = resolveAggregator(aggregatorChoice)
  const state = aggregator.init({ size, exactSum: { bound: 1024, quantumBits: 24 }, seed: 1 })
  const rng = createRng('descent')
  const params = new Float32Array(size)
  for (let round = 0; round < 150; round++) {
    const own = Array.from({ length: volunteers }, () => params.map((param) => param - 1 + 0.1 * rng.normal()))
    const honest = own.slice(attackers)
    own.forEach((values, order) => {
      const sent = order < attackers ? resolveAttack(attackChoice!).forge(values, honest).map((value) => 3 * value) : values
      aggregator.add(state, { values: sent, weight: 1, order })
    })
    const step = aggregator.finish(state, round)
    aggregator.clear(state)
    for (let i = 0; i < size; i++) params[i]! -= 0.2 * step[i]!
  }
  return Math.hypot(...params.map((param) => param - 1))
}

describe('attackers who flip and triple their updates', () => {
  it('drive the mean away', () => {
    expect(descend('weighted-mean', undefined)).toBeLessThan(0.1)
    expect(descend('weighted-mean', 'bit-flip')).toBeGreaterThan(4)
  })

  it.each<[AggregatorChoice]>([
    ['median'], ['geometric-median'], [{ name: 'trimmed-mean', byzantine: 8 }], [{ name: 'krum', byzantine: 8 }], [{ name: 'multi-krum', byzantine: 8 }],
    [{ name: 'centered-clipping', tau: 1, iterations: 3 }],
  ])('do not stop %j', (choice) => expect(descend(choice, 'bit-flip')).toBeLessThan(1))
})
