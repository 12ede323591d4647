// A recommender on ratings that are drawn here, so that the least possible error is known: users and items have hidden
// tastes of eight numbers and a bias each, and every rating carries noise of deviation 0.5.
import { createRng } from '../../../../src/base/rng.ts'
import { zoo } from '../../../../src/model/zoo/index.ts'
import { inputShape } from '../../../../src/model/spec.ts'
import type { Examples } from '../../../../src/engine.ts'
import { epochs, stepsPerEpoch } from '../batches.ts'
import type { Task } from '../task.ts'

const HIDDEN = 8
const NOISE = 0.5
const TRAINED = 180_000
const TESTED = 20_000

export const matrixFactorization: Task = {
  name: 'matrix-factorization',
  title: 'matrix factorisation of 200,000 drawn ratings with noise of deviation 0.5',
  target: { metric: 'test RMSE', goal: 'at most', value: 0.6, from: 'chosen beforehand: 1.2 times the noise; always the mean rating gives 1.32' },
  seeds: [1],
  async prepare(_data, seed) {
    const model = zoo.get('matrix-factorization')
    const counts = ['user', 'item'].map((name) => {
      const declared = model.spec.inputs[name]
      if (declared === undefined || !('below' in declared) || inputShape(declared).length > 0) throw new Error(`matrix-factorization: must read ${name} as one number`)
      return declared.below
    }) as [number, number]
    const { batchSize } = model.recipe
    const draw = createRatings(counts, seed)
    return {
      model,
      batch: epochs(draw(TRAINED), TRAINED, batchSize, `matrix-factorization ${seed}`),
      evaluateEvery: stepsPerEpoch(TRAINED, batchSize),
      test: draw(TESTED),
      score: ({ loss }) => Math.sqrt(loss),
    }
  },
}

function createRatings([users, items]: readonly [number, number], seed: number): (count: number) => Examples {
  const rng = createRng(`ratings ${seed}`)
  const tastes = (count: number): Float32Array => Float32Array.from({ length: count * HIDDEN }, () => rng.normal() / HIDDEN ** 0.25)
  const biases = (count: number): Float32Array => Float32Array.from({ length: count }, () => 0.5 * rng.normal())
  const u = tastes(users), v = tastes(items), bu = biases(users), bv = biases(items)
  return (count) => {
    const user = Uint32Array.from({ length: count }, () => rng.integer(users))
    const item = Uint32Array.from({ length: count }, () => rng.integer(items))
    const rating = Float32Array.from(user, (a, i) => {
      const b = item[i]!
      let dot = 0
      for (let k = 0; k < HIDDEN; k++) dot += u[a * HIDDEN + k]! * v[b * HIDDEN + k]!
      return bu[a]! + bv[b]! + dot + NOISE * rng.normal()
    })
    return { user, item, rating }
  }
}
