// The coordinator's own evaluation against arithmetic by hand.
import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import { OwnEvaluation } from './own-evaluation.ts'

const MODEL: ModelSpec = { name: 'linear', inputs: { x: [3] }, nodes: [{ name: 'dense', layer: 'dense', options: { units: 2 } }], output: 'dense' }
const EXAMPLES = 150

describe('own evaluation', () => {
  it('gives the loss and the hits of the pieces, batches of any size', async () => {
    const rng = createRng(4)
    const shard = Uint8Array.from({ length: EXAMPLES * 4 }, (_, i) => (i < EXAMPLES * 3 ? rng.integer(256) : rng.integer(2)))
    // weight [3, 2], bias [2]
    const params = Float32Array.of(0.5, -0.5, 1, 0.25, -1, 0.75, 0.1, -0.1)
    const scale = 1 / 128, offset = -1
    const expected = (start: number, count: number): { lossSum: number; correct: number } => {
      let lossSum = 0, correct = 0
      for (let i = start; i < start + count; i++) {
        const logits = [0, 1].map((unit) => params[6 + unit]! + [0, 1, 2].reduce((sum, k) => sum + (shard[i * 3 + k]! * scale + offset) * params[k * 2 + unit]!, 0))
        const label = shard[EXAMPLES * 3 + i]!
        lossSum += Math.log(Math.exp(logits[0]!) + Math.exp(logits[1]!)) - logits[label]!
        correct += (logits[1]! > logits[0]! ? 1 : 0) === label ? 1 : 0
      }
      return { lossSum, correct }
    }
    const evaluation = await OwnEvaluation.open({ model: MODEL, shape: [3], scale, offset })
    const pieces = [{ shard, examples: EXAMPLES, start: 3, count: 100 }, { shard, examples: EXAMPLES, start: 140, count: 10 }]
    const { lossSum, correct } = await evaluation.evaluate(new Uint8Array(params.buffer), pieces)
    const first = expected(3, 100), second = expected(140, 10)
    expect(lossSum).toBeCloseTo(first.lossSum + second.lossSum, 3)
    expect(correct).toBe(first.correct + second.correct)
    // Nothing is carried over to the next call.
    expect((await evaluation.evaluate(new Uint8Array(params.buffer), pieces.slice(1))).correct).toBe(second.correct)
  })
})
