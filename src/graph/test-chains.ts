// Random graphs of pointwise ops, for tests of chain fusion on every runner.
import fc from 'fast-check'
import { fill, add, ones, pointwise } from './ops/pointwise.ts'
import { sum } from './ops/reduce.ts'
import { reshape } from './ops/reshape.ts'
import { input } from './sources.ts'
import type { Tensor } from './tensor.ts'

const SHAPES = [[4, 6], [6], [4, 1], [1]] as const
const UNARY = ['neg', 'square', 'tanh', 'sigmoid', 'relu', 'gelu', 'silu', 'abs', 'softplus', 'copy']
const BINARY = ['add', 'sub', 'mul', 'max']

/** Numbers that choose functions and operands among what is there already. */
export const recipes = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 24 })

/** What the steps of a recipe make, one tensor after another. */
export function grow(recipe: readonly (readonly [number, number, number])[]): readonly Tensor[] {
  const all = SHAPES.map((shape, i) => input(`in${i}`, shape))
  return recipe.map(([what, first, second]) => {
    // Mostly recent tensors, so that chains grow long.
    const pick = (n: number): Tensor => (n % 3 === 0 ? all[n % all.length]! : all.at(-1 - (n % Math.min(3, all.length)))!)
    const [a, b] = [pick(first), pick(second)]
    const chosen = what % 17
    const next = chosen === 0 ? fill([4, 6], 0.5) : chosen === 1 ? reshape(pointwise('copy', [a]), a.shape.toReversed())
      : chosen === 2 ? sum(add(a, ones([4, 6])), 1) : chosen < 9 || !sameRank(a, b) ? pointwise(UNARY[what % UNARY.length]!, [a]) : pointwise(BINARY[what % BINARY.length]!, [a, b])
    if (chosen === 1 || chosen === 2) return next
    all.push(next)
    return next
  })
}

/** Reshaped tensors could not be put together with others. */
const sameRank = (a: Tensor, b: Tensor): boolean => [a, b].every(({ shape }) => SHAPES.some((known) => known.join() === shape.join()))
