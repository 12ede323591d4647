// What attackers send, for simulations and tests of aggregators; as in Karimireddy, He and Jaggi 2022, arXiv 2006.09365.
// Attackers know each other and, in the worst case, every honest update of their round.
import * as v from 'valibot'
import { parseOptions } from '../base/parse-options.ts'
import { createRegistry } from '../base/registry.ts'
import { plainMean } from './aggregators/vectors.ts'

export interface Attack {
  /** The class that an attacker trains for, instead of the example's. */
  relabel(label: number, classes: number): number
  /** What an attacker sends instead of `own`, given at least one honest update. [size] */
  forge(own: Float32Array, honest: readonly Float32Array[]): Float32Array
}

export interface RegisteredAttack {
  readonly name: string
  readonly schema: v.GenericSchema
  readonly create: (options: unknown) => Attack
}

interface TypedAttack<S extends v.GenericSchema> {
  readonly name: string
  readonly schema: S
  readonly create: (options: v.InferOutput<S>) => Partial<Attack>
}

const HONEST: Attack = { relabel: (label) => label, forge: (own) => own }

const define = <S extends v.GenericSchema>({ name, schema, create }: TypedAttack<S>): RegisteredAttack =>
  ({ name, schema, create: (options) => ({ ...HONEST, ...create(options as v.InferOutput<S>) }) })

const none = v.strictObject({})
const positive = (standard: number) => v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), standard)

export const attacks = createRegistry<RegisteredAttack>('attack', [
  // The opposite of one's own update.
  define({ name: 'bit-flip', schema: none, create: () => ({ forge: (own) => own.map((value) => -value) }) }),
  // Bits 22, 30, 31 and 32 of every number (after Xie, Koyejo and Gupta 2018, arXiv 1802.10116): most become huge, all of the wrong sign.
  define({ name: 'float-flip', schema: none, create: () => ({ forge: flipBits }) }),
  // Training for wrong labels: 0 for 9, 1 for 8, and so on.
  define({ name: 'label-flip', schema: none, create: () => ({ relabel: (label, classes) => classes - 1 - label }) }),
  // Against the honest mean, and no larger than it, so that norms tell nothing (Xie, Koyejo and Gupta 2019, arXiv 1903.03936).
  define({ name: 'inner-product', schema: v.strictObject({ epsilon: positive(0.1) }), create: ({ epsilon }) => ({ forge: (_, honest) => plainMean(honest).map((value) => -epsilon * value) }) }),
  // A little is enough: as far from the honest mean as honest updates are, all in one direction (Baruch et al. 2019, arXiv 1902.06156).
  define({ name: 'little-is-enough', schema: v.strictObject({ z: positive(1) }), create: ({ z }) => ({ forge: (_, honest) => below(honest, z) }) }),
  // A copy of one honest update, which then counts too much: this harms rules that choose among updates.
  define({ name: 'mimic', schema: none, create: () => ({ forge: (_, honest) => honest[0]!.slice() }) }),
])

const FLIPPED = 0b1110_0000_0010 << 20
const LARGEST = 2 ** 127

/** What becomes infinite or NaN is the largest power of two instead: anything else would be refused unseen. */
function flipBits(own: Float32Array): Float32Array {
  const flipped = new Float32Array(Uint32Array.from(new Uint32Array(own.slice().buffer), (bits) => bits ^ FLIPPED).buffer)
  return flipped.map((value, i) => (Number.isFinite(value) ? value : own[i]! > 0 ? -LARGEST : LARGEST))
}

/** Mean less z standard deviations, for each coordinate. */
function below(honest: readonly Float32Array[], z: number): Float32Array {
  const mean = plainMean(honest)
  return mean.map((centre, i) => centre - z * Math.sqrt(honest.reduce((sum, update) => sum + (update[i]! - centre) ** 2, 0) / honest.length))
}

/** The attack that a person names, with its options. Throws ConfigError for a name or an option there is not. */
export function resolveAttack(choice: string | { readonly name: string; readonly [option: string]: unknown }): Attack {
  const { name, ...options } = typeof choice === 'string' ? { name: choice } : choice
  const attack = attacks.get(name)
  return attack.create(parseOptions(attack.schema, options, `attack ${name}`))
}
