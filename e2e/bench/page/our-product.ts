// Square f32 products by our engine: the kernels and the runner that training steps have.
import { roundUp } from '../../../src/base/math.ts'
import { compilePlan } from '../../../src/graph/compile.ts'
import { matmul } from '../../../src/graph/ops/matmul.ts'
import { VIEW_ALIGNMENT_BYTES, type Plan, type Runner } from '../../../src/graph/plan.ts'
import { param } from '../../../src/graph/sources.ts'
import { improve } from './ours.ts'
import type { Repeat } from './timing.ts'

/** A library that multiplies the same two matrices again and again. Both lie on its device already. */
export interface Multiplier {
  readonly repeat: Repeat
  /** One product, [size, size]. */
  product(): Promise<ArrayLike<number>>
}

export interface Operands { readonly a: Float32Array<ArrayBuffer>; readonly b: Float32Array<ArrayBuffer> }

/** Two matrices [size, size] of numbers between -0.5 and 0.5. */
export function operandsOf(size: number): Operands {
  const matrix = (factor: number, modulus: number): Float32Array<ArrayBuffer> => Float32Array.from({ length: size * size }, (_, i) => ((i * factor) % modulus) / modulus - 0.5)
  return { a: matrix(7919, 1009), b: matrix(7907, 1013) }
}

/** So many products are one Plan and so one submit, as those of a training step are. */
const PRODUCTS_PER_PLAN = 10

/** The rows of one kernel are timed to the end well within this. */
const TUNE_MS = 20_000

export async function createOurMultiplier(runner: Runner, size: number, { a, b }: Operands): Promise<Multiplier> {
  const one = productPlan(size)
  const many: Plan = { ...one, name: 'products', calls: Array.from({ length: PRODUCTS_PER_PLAN }, () => one.calls).flat() }
  const program = await runner.load([one, many])
  const both = new Float32Array(2 * strideOf(size))
  both.set(a)
  both.set(b, strideOf(size))
  program.write('operands', both)
  await improve(program, TUNE_MS)
  return {
    async repeat(count) {
      for (let left = count; left > 0; left -= left < PRODUCTS_PER_PLAN ? 1 : PRODUCTS_PER_PLAN) program.run((left < PRODUCTS_PER_PLAN ? one : many).name, {})
      await program.settled()
    },
    async product() {
      program.run(one.name, {})
      return (await program.readOutputs(one.name, ['c']))['c']!
    },
  }
}

const strideOf = (size: number): number => roundUp(size * size, VIEW_ALIGNMENT_BYTES / 4)

function productPlan(size: number): Plan {
  const a = param('a', [size, size]), b = param('b', [size, size])
  const stride = strideOf(size)
  return compilePlan({
    name: 'product',
    outputs: { c: matmul(a, b) },
    arenas: [{ name: 'operands', length: 2 * stride, parts: [{ tensor: a, offset: 0 }, { tensor: b, offset: stride }] }],
  })
}
