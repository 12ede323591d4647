// The examples of each class are divided in proportions drawn from a Dirichlet distribution (Hsu, Qi and Brown 2019, arXiv
// 1909.06335; by class as in Yurochkin et al. 2019, arXiv 1905.12022): alpha 100 is nearly fair, 0.1 leaves most with few classes.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { permutation } from '../../base/rng.ts'
import { drawDirichlet } from './gamma.ts'
import { cut, type Partitioner } from './partition.ts'

const schema = v.strictObject({
  alpha: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 0.5),
  /** Whoever is drawn less gets the rest from whoever has most, of the class they have most of. */
  minExamples: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 1),
})

export const dirichlet: Partitioner<v.InferOutput<typeof schema>> = {
  name: 'dirichlet',
  schema,
  divide(input, { alpha, minExamples }) {
    const { labels, classes, parts, rng } = input
    if (parts * minExamples > labels.length) {
      throw new ConfigError(`partition dirichlet: must have ${minExamples} examples for each of ${parts} volunteers, got ${labels.length}. Lower minExamples or the number of volunteers.`)
    }
    const byClass = Array.from({ length: classes }, (): number[] => [])
    for (const example of permutation(rng, labels.length)) byClass[labels[example]!]!.push(example)
    const sizes = byClass.map((examples) => roundedShares(examples.length, drawDirichlet(rng, alpha, parts)))
    fillUp(sizes, parts, minExamples)
    const own = Array.from({ length: parts }, (): Uint32Array[] => [])
    byClass.forEach((examples, label) => cut(Uint32Array.from(examples), sizes[label]!).forEach((piece, part) => own[part]!.push(piece)))
    return own.map(concatenate)
  },
}

/** Rounds the borders, not the shares: they sum to `total` without favour to anybody. */
function roundedShares(total: number, shares: Float64Array): number[] {
  let sum = 0, border = 0
  return Array.from(shares, (share, i) => {
    sum += share
    const next = i === shares.length - 1 ? total : Math.min(total, Math.round(sum * total))
    const size = next - border
    border = next
    return size
  })
}

/** Changes `sizes` [classes][parts] so that no part has fewer than `least`. */
function fillUp(sizes: readonly number[][], parts: number, least: number): void {
  const totals = Array.from({ length: parts }, (_, part) => sizes.reduce((sum, row) => sum + row[part]!, 0))
  for (let part = 0; part < parts; part++) {
    while (totals[part]! < least) {
      const richest = totals.indexOf(Math.max(...totals))
      const row = sizes.reduce((most, other) => (other[richest]! > most[richest]! ? other : most))
      row[richest]!--
      row[part]!++
      totals[richest]!--
      totals[part]!++
    }
  }
}

function concatenate(pieces: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
