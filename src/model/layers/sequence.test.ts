// Layers over sequences compute what they say, and learn.
import { expect, test } from 'vitest'
import { createRng } from '../../base/rng.ts'
import { createCpuRunner, type CpuProgram } from '../../cpu/runner.ts'
import { compileProgram } from '../../train/program.ts'
import { initialParams } from '../initial-params.ts'
import { unpack, type Layout } from '../layout.ts'
import type { ModelSpec, NodeSpec } from '../spec.ts'

const node = (name: string, layer: string, options: Record<string, unknown> = {}): NodeSpec => ({ name, layer, options })

const tokens = (length: number, below: number, ...nodes: readonly NodeSpec[]): ModelSpec =>
  ({ name: 'test', inputs: { x: { shape: [length], below } }, nodes, output: nodes.at(-1)!.name })

interface Predictor {
  readonly program: CpuProgram
  readonly layout: Layout
  readonly of: (name: string) => Float32Array
}

function predictor(spec: ModelSpec, batchSize: number): Predictor {
  const { plans, layout } = compileProgram(spec, { batchSize })
  const program = createCpuRunner({ precision: 'f64' }).loadSync([plans.predict])
  const params = initialParams(spec, 1)
  program.write('params', unpack(layout, params))
  const of = (name: string): Float32Array => {
    const { packedOffset, size } = layout.entries.find((entry) => entry.name === name)!
    return params.subarray(packedOffset, packedOffset + size)
  }
  return { program, layout, of }
}

const close = (actual: ArrayLike<number>, expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 6))
}

test('an embedding gives each token its vector, a positional embedding adds one for each position, and dense maps each position', () => {
  const spec = tokens(3, 5, node('e', 'embedding', { vocabulary: 5, units: 2 }), node('p', 'positional-embedding'), node('d', 'dense', { units: 1 }), node('f', 'flatten'))
  const { program, layout, of } = predictor(spec, 2)
  expect(layout.entries.map(({ name, shape }) => `${name} ${shape.join('x')}`)).toEqual(['e/weight 5x2', 'p/weight 3x2', 'd/weight 2x1', 'd/bias 1'])
  const ids = [4, 0, 4, 2, 2, 1]
  program.run('predict', { x: Uint32Array.from(ids) })
  const [e, p, d] = [of('e/weight'), of('p/weight'), of('d/weight')]
  close(program.peekOutput('predict', 'logits'), ids.map((id, i) => [0, 1].reduce((sum, k) => sum + (e[id * 2 + k]! + p[(i % 3) * 2 + k]!) * d[k]!, 0)))
})

test('an embedding refuses real numbers', () => {
  expect(() => compileProgram({ name: 'test', inputs: { x: [3] }, nodes: [node('e', 'embedding', { vocabulary: 5, units: 2 })], output: 'e' }, { batchSize: 1 }))
    .toThrow(/^e: must read integers, got real numbers \[3\] for a table \[5, 2\]/)
})

const image = (length: number, units: number, ...nodes: readonly NodeSpec[]): ModelSpec =>
  ({ name: 'test', inputs: { x: [length, units] }, nodes, output: nodes.at(-1)!.name })

test('attention mixes values by the softmax of scaled scores, head by head, and sees no later position where causal', () => {
  const [T, D, H] = [3, 4, 2]
  const x = Float64Array.from({ length: T * D }, (_, i) => Math.sin(3 * i))
  for (const causal of [false, true]) {
    const { program, layout, of } = predictor(image(T, D, node('a', 'attention', { heads: H, causal }), node('f', 'flatten')), 1)
    expect(layout.entries.map(({ name, shape }) => `${name} ${shape.join('x')}`)).toEqual(['a/qkv 4x12', 'a/qkv-bias 12', 'a/out 4x4', 'a/out-bias 4'])
    const [qkv, out] = [of('a/qkv'), of('a/out')]
    const project = (t: number, column: number): number => [...Array(D).keys()].reduce((sum, k) => sum + x[t * D + k]! * qkv[k * 3 * D + column]!, 0)
    const head = (t: number, h: number): number[] => {
      const keys = [...Array(causal ? t + 1 : T).keys()]
      const scores = keys.map((j) => [0, 1].reduce((sum, i) => sum + project(t, 2 * h + i) * project(j, D + 2 * h + i), 0) / Math.SQRT2)
      const total = scores.reduce((sum, s) => sum + Math.exp(s), 0)
      return [0, 1].map((i) => keys.reduce((sum, j) => sum + (Math.exp(scores[j]!) / total) * project(j, 2 * D + 2 * h + i), 0))
    }
    program.run('predict', { x })
    close(program.peekOutput('predict', 'logits'), [...Array(T).keys()].flatMap((t) => {
      const y = [...head(t, 0), ...head(t, 1)]
      return [...Array(D).keys()].map((column) => y.reduce((sum, value, k) => sum + value * out[k * D + column]!, 0))
    }))
  }
})

test('attention refuses heads that do not divide D', () => {
  expect(() => compileProgram(image(3, 4, node('a', 'attention', { heads: 3 })), { batchSize: 1 })).toThrow(/^a: must split D evenly among heads, got \[3, 4\] and 3 heads. Choose a divisor of 4/)
})

test('dropout drops a share in training, scales the rest, draws anew each step, and lets everything through otherwise', () => {
  const count = 4000
  const spec: ModelSpec = { name: 'test', inputs: { x: [count] }, nodes: [node('drop', 'dropout', { rate: 0.25 }), node('d', 'dense', { units: 1, bias: false })], output: 'd', heads: [{ name: 'h', loss: { name: 'mean-squared-error' } }] }
  const { plans, layout } = compileProgram(spec, { batchSize: 1 })
  const program = createCpuRunner({ precision: 'f64' }).loadSync([plans.gradient, plans.predict])
  // With weights of 0, targets of -1/2 and inputs of 1, each weight's gradient is what became of its input.
  program.write('params', new Float32Array(layout.arenaSize))
  const factors = (step: number): number[] => {
    program.clear('grads')
    program.run('gradient', { x: new Float64Array(count).fill(1), labels: Float64Array.of(-0.5), weights: Float64Array.of(1), random: Uint32Array.of(1, 2, step, 0) })
    return [...program.peek('grads').subarray(0, count)]
  }
  const [first, again, next] = [factors(1), factors(1), factors(2)]
  const dropped = first.filter((factor) => factor === 0).length
  expect(Math.abs(dropped / count - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / count))
  expect(first.every((factor) => factor === 0 || Math.abs(factor - 4 / 3) < 1e-6)).toBe(true)
  expect(again).toEqual(first)
  expect(first.filter((factor, i) => factor !== next[i]).length / count).toBeCloseTo(2 * 0.25 * 0.75, 1)
  program.write('params', new Float32Array(layout.arenaSize).fill(1, 0, count))
  program.run('predict', { x: new Float64Array(count).fill(1) })
  expect(program.peekOutput('predict', 'logits')[0]).toBeCloseTo(count, 3)
})

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

/** Outputs of a recurrent layer, step by step, as its papers write them. */
function recur(kind: string, x: readonly (readonly number[])[], { of }: Predictor): number[][] {
  const gates = kind === 'lstm' ? 4 : 3
  const [weight, recurrent] = [of('r/weight'), of('r/recurrent')]
  const H = Math.sqrt(recurrent.length / gates)
  const times = (vector: readonly number[], matrix: Float32Array, column: number): number => vector.reduce((sum, value, k) => sum + value * matrix[k * gates * H + column]!, 0)
  let [h, c] = [Array<number>(H).fill(0), Array<number>(H).fill(0)]
  return x.map((step) => {
    const read = (gate: number, j: number): [number, number] => [times(step, weight, gate * H + j), times(h, recurrent, gate * H + j)]
    const sum = (gate: number, j: number): number => read(gate, j)[0] + read(gate, j)[1]
    if (kind === 'lstm') {
      c = c.map((before, j) => sigmoid(sum(1, j) + 1) * before + sigmoid(sum(0, j)) * Math.tanh(sum(2, j)))
      h = c.map((state, j) => sigmoid(sum(3, j)) * Math.tanh(state))
    } else {
      h = h.map((before, j) => {
        const [r, z] = [sigmoid(sum(0, j)), sigmoid(sum(1, j))]
        return (1 - z) * Math.tanh(read(2, j)[0] + r * read(2, j)[1]) + z * before
      })
    }
    return h
  })
}

test.each(['lstm', 'gru'])('%s gives its last output, or all', (kind) => {
  const [T, D, H] = [9, 3, 2]
  const x = Float64Array.from({ length: T * D }, (_, i) => Math.cos(5 * i))
  for (const sequences of [false, true]) {
    const found = predictor(image(T, D, node('r', kind, { units: H, sequences }), node('f', 'flatten')), 1)
    const expected = recur(kind, Array.from({ length: T }, (_, t) => [...x.subarray(t * D, (t + 1) * D)]), found)
    found.program.run('predict', { x })
    close(found.program.peekOutput('predict', 'logits'), sequences ? expected.flat() : expected.at(-1)!)
  }
})

test.each(['lstm', 'gru'])('%s learns which of two tokens came first', (kind) => {
  const spec = tokens(8, 3, node('e', 'embedding', { vocabulary: 3, units: 4 }), node('r', kind, { units: 8 }), node('d', 'dense', { units: 2 }))
  const { plans, layout, update } = compileProgram(spec, { batchSize: 32, optimizer: { name: 'adam', learningRate: 0.02 } })
  const program = createCpuRunner().loadSync([plans.train!])
  program.write('params', unpack(layout, initialParams(spec, 1)))
  const rng = createRng(3)
  const batch = (): { x: Uint32Array; labels: Uint32Array } => {
    const labels = Uint32Array.from({ length: 32 }, () => rng.integer(2))
    // Token 0 is nothing; 1 and 2 stand somewhere, in an order that is the label.
    const x = new Uint32Array(32 * 8)
    labels.forEach((label, b) => {
      const first = rng.integer(7), second = first + 1 + rng.integer(7 - first)
      x[b * 8 + first] = label === 0 ? 1 : 2
      x[b * 8 + second] = label === 0 ? 2 : 1
    })
    return { x, labels }
  }
  let correct = 0
  for (let step = 1; step <= 100; step++) {
    program.clear('metrics')
    program.run('train', { ...batch(), weights: new Float32Array(32).fill(1 / 32), ...update!.inputs(step) })
    correct = program.peek('metrics')[1]!
  }
  expect(correct).toBeGreaterThanOrEqual(30)
})

test('softmax makes probabilities of each position', () => {
  const { program, of } = predictor(image(2, 3, node('d', 'dense', { units: 3, bias: false }), node('s', 'softmax'), node('f', 'flatten')), 1)
  const x = Float64Array.of(1, -2, 0.5, 3, 0, 1)
  program.run('predict', { x })
  close(program.peekOutput('predict', 'logits'), [0, 1].flatMap((t) => {
    const exps = [0, 1, 2].map((k) => Math.exp([0, 1, 2].reduce((sum, i) => sum + x[t * 3 + i]! * of('d/weight')[i * 3 + k]!, 0)))
    return exps.map((e) => e / exps.reduce((sum, value) => sum + value, 0))
  }))
})
