// Layers over sequences compute what they say, and learn.
import { expect, test } from 'vitest'
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
