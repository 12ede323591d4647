// Corrections against their formulas, and on quadratic losses f_i(w) = a_i/2 (w - b_i)^2 of volunteers whose data differ:
// the global optimum is known, averaging after many local steps misses it, and what each correction is for can be seen.
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../base/errors.ts'
import { createRng, permutation } from '../../base/rng.ts'
import type { Memory } from '../aggregators/aggregator.ts'
import { plainMean } from '../aggregators/vectors.ts'
import { addTerm, sumTerms, type Correction } from './correction.ts'
import { corrections, resolveCorrection } from './index.ts'
import { localNorm } from './local-norm.ts'

interface Client {
  readonly curvature: readonly number[]
  readonly optimum: readonly number[]
}

const SIZE = 3
const CLIENTS: readonly Client[] = [
  { curvature: [4, 0.5, 1], optimum: [1, -2, 3] },
  { curvature: [0.5, 3, 1], optimum: [-3, 1, 0] },
  { curvature: [1, 1, 0.2], optimum: [2, 4, -5] },
  { curvature: [0.2, 2, 2], optimum: [5, 0, 1] },
]
const RATE = 0.1, STEPS = 20

const GLOBAL = Array.from({ length: SIZE }, (_, i) =>
  CLIENTS.reduce((sum, { curvature, optimum }) => sum + curvature[i]! * optimum[i]!, 0) / CLIENTS.reduce((sum, { curvature }) => sum + curvature[i]!, 0))

const gradientAt = ({ curvature, optimum }: Client, params: Float32Array): Float32Array => params.map((param, i) => curvature[i]! * (param - optimum[i]!))
const zeros = (names: readonly string[]): Memory => Object.fromEntries(names.map((name) => [name, new Float32Array(SIZE)]))
const distance = (params: Float32Array): number => Math.hypot(...params.map((param, i) => param - GLOBAL[i]!))

/** Rounds of local SGD, averaging, a server step of SGD(1). A client's state is lost, or its data trained on by somebody else, with probability `loss`. */
function train(correction: Correction | undefined, { rounds, perRound = CLIENTS.length, loss = 0 }: { rounds: number; perRound?: number; loss?: number }): Float32Array {
  const server = zeros(correction?.serverSlots ?? [])
  const own = CLIENTS.map(() => zeros(correction?.volunteerSlots ?? []))
  const rng = createRng('rounds')
  const begun = new Set<number>()
  let params: Float32Array = new Float32Array(SIZE)
  for (let round = 0; round < rounds; round++) {
    const chosen = [...permutation(rng, CLIENTS.length)].slice(0, perRound)
    const results = chosen.map((index) => {
      if (correction !== undefined && begun.has(index) && rng.uniform() < loss) own[index] = correction.takeOver(gradientAt(CLIENTS[index]!, params))
      begun.add(index)
      const local = params.slice()
      const term = { pull: correction?.pull ?? 0, drift: correction?.drift(own[index]!, server) }
      for (let step = 0; step < STEPS; step++) {
        const gradient = gradientAt(CLIENTS[index]!, local)
        addTerm(gradient, term, { params: local, anchor: params })
        for (let i = 0; i < SIZE; i++) local[i]! -= RATE * gradient[i]!
      }
      const pseudoGradient = params.map((param, i) => param - local[i]!)
      const after = correction?.afterLocal({ pseudoGradient, learningRateSum: RATE * STEPS, own: own[index]!, down: server })
      if (after !== undefined) own[index] = after.own
      return { pseudoGradient, up: after?.up ?? {} }
    })
    const pseudoGradient = plainMean(results.map((result) => result.pseudoGradient))
    const up = Object.fromEntries((correction?.up ?? []).map((name) => [name, plainMean(results.map((result) => result.up[name]!))]))
    correction?.beforeServerStep({ pseudoGradient, up, fraction: perRound / CLIENTS.length, server })
    params = params.map((param, i) => param - pseudoGradient[i]!)
  }
  return params
}

describe.each(corrections.entries())('correction %s', (_, correction) => {
  it('declares what it uses', () => {
    const own = zeros(correction.volunteerSlots), down = zeros(correction.down)
    const pseudoGradient = Float32Array.of(1, 2, 3)
    const after = correction.afterLocal({ pseudoGradient, learningRateSum: 2, own, down })
    expect(Object.keys(after.up)).toEqual(correction.up)
    expect(Object.keys(after.own)).toEqual(correction.volunteerSlots)
    expect(correction.serverSlots).toEqual(expect.arrayContaining([...correction.down]))
    const drift = correction.drift(own, down)
    expect([undefined, SIZE]).toContain(drift?.length)
    correction.beforeServerStep({ pseudoGradient, up: zeros(correction.up), fraction: 1, server: zeros(correction.serverSlots) })
  })

  it('changes nothing of a volunteer before its update is accepted', () => {
    const own = zeros(correction.volunteerSlots), down = zeros(correction.down)
    correction.afterLocal({ pseudoGradient: Float32Array.of(1, 2, 3), learningRateSum: 2, own, down })
    expect(own).toEqual(zeros(correction.volunteerSlots))
  })
})

describe('on quadratic losses of volunteers that differ', () => {
  const averaged = distance(train(undefined, { rounds: 300 }))

  it('averaging alone misses the optimum', () => expect(averaged).toBeGreaterThan(0.25))

  it('SCAFFOLD finds it', () => expect(distance(train(corrections.get('scaffold'), { rounds: 300 }))).toBeLessThan(1e-4))

  it('SCAFFOLD finds it when half of them take part in a round', () => {
    expect(distance(train(corrections.get('scaffold'), { rounds: 2000, perRound: 2 }))).toBeLessThan(1e-3)
  })

  it.each([['SCAFFOLD', corrections.get('scaffold')], ['FedDyn', resolveCorrection({ name: 'fed-dyn', alpha: 1 })]])('%s comes nearer than averaging although now and then a state is lost, as it is taken over from the gradient', (_, correction) => {
    const lossy = { rounds: 2000, loss: 0.01 }
    const takenOver = distance(train(correction, lossy))
    expect(takenOver).toBeLessThan(0.5 * averaged)
    // Zeros, as if nobody had trained on those data, would count twice what went up before.
    expect(distance(train({ ...correction, takeOver: () => zeros(correction.volunteerSlots) }, lossy))).toBeGreaterThan(2 * takenOver)
  })

  it('FedDyn finds it, all or half of them taking part', () => {
    const fedDyn = resolveCorrection({ name: 'fed-dyn', alpha: 1 })
    expect(distance(train(fedDyn, { rounds: 500 }))).toBeLessThan(1e-3)
    expect(distance(train(fedDyn, { rounds: 3000, perRound: 2 }))).toBeLessThan(1e-2)
  })

  it('FedProx comes nearer, the nearer the larger mu', () => {
    const near = [0.1, 1, 10].map((mu) => distance(train(resolveCorrection({ name: 'fed-prox', mu }), { rounds: 1000 })))
    expect(near[0]).toBeLessThan(averaged)
    expect(near[1]).toBeLessThan(near[0]!)
    expect(near[2]).toBeLessThan(near[1]!)
  })
})

describe('formulas', () => {
  it('FedProx adds mu (w - w0)', () => {
    const gradient = Float32Array.of(1, 1)
    addTerm(gradient, { pull: resolveCorrection({ name: 'fed-prox', mu: 0.5 }).pull }, { params: Float32Array.of(3, 0), anchor: Float32Array.of(1, 1) })
    expect([...gradient]).toEqual([2, 0.5])
  })

  it('SCAFFOLD: the next c_i is c_i - c + (x - y) / (K eta)', () => {
    const own = { control: Float32Array.of(0.25) }, down = { control: Float32Array.of(1) }
    const after = corrections.get('scaffold').afterLocal({ pseudoGradient: Float32Array.of(4), learningRateSum: 2, own, down })
    expect(after.own['control']![0]).toBe(0.25 - 1 + 4 / 2)
    expect(after.up['controlChange']![0]).toBe(1)
    const server = { control: Float32Array.of(1) }
    corrections.get('scaffold').beforeServerStep({ pseudoGradient: Float32Array.of(4), up: after.up, fraction: 0.25, server })
    expect(server.control[0]).toBe(1.25)
  })

  it('FedDyn: h += alpha m/n pseudo-gradient, and the model moves by the mean and h / alpha', () => {
    const server = { offset: Float32Array.of(3) }
    const pseudoGradient = Float32Array.of(2)
    resolveCorrection({ name: 'fed-dyn', alpha: 0.1 }).beforeServerStep({ pseudoGradient, up: {}, fraction: 0.5, server })
    expect([server.offset[0], pseudoGradient[0]]).toEqual([4, 6])
  })

  it('delay compensation is exact to first order where g^2 is the Hessian', () => {
    // Of -log w the gradient is -1/w and the second derivative 1/w^2 = g^2.
    const correction = resolveCorrection({ name: 'delay-compensation', lambda: 1 })
    for (const delay of [0.1, 0.01]) {
      const gradient = Float32Array.of(-1 / 2)
      correction.compensate({ gradient, computedAt: Float32Array.of(2), current: Float32Array.of(2 + delay) })
      const fresh = -1 / (2 + delay)
      expect(Math.abs(gradient[0]! - fresh)).toBeLessThan(0.2 * delay * delay)
      expect(Math.abs(-1 / 2 - fresh)).toBeGreaterThan(0.2 * delay)
    }
  })

  it('sums the terms of several corrections', () => {
    expect(sumTerms([{ pull: 1 }, { pull: 2, drift: Float32Array.of(1, 2) }, { pull: 0, drift: Float32Array.of(10, 20) }])).toEqual({ pull: 3, drift: Float32Array.of(11, 22) })
    expect(sumTerms([])).toEqual({ pull: 0 })
  })
})

describe('local norm', () => {
  it('is the number of steps of plain SGD', () => expect(localNorm({ steps: 17 })).toBe(17))

  it('follows the closed forms for momentum and proximal terms', () => {
    const rho = 0.9, tau = 12
    expect(localNorm({ steps: tau, momentum: rho })).toBeCloseTo((tau - (rho * (1 - rho ** tau)) / (1 - rho)) / (1 - rho), 10)
    const decay = 0.05
    expect(localNorm({ steps: tau, decay })).toBeCloseTo((1 - (1 - decay) ** tau) / decay, 10)
  })

  it('counts a first Nesterov step as 1 + momentum', () => expect(localNorm({ steps: 1, momentum: 0.9, nesterov: true })).toBe(1.9))
})

it('refuses corrections and options there are not', () => {
  expect(() => resolveCorrection({ name: 'scafold' })).toThrow(/Did you mean "scaffold"/)
  expect(() => resolveCorrection({ name: 'fed-prox', nu: 1 })).toThrow(/Did you mean "mu"/)
  expect(() => resolveCorrection({ name: 'fed-prox', mu: -1 })).toThrow(ConfigError)
})
