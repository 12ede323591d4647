// Models that were right until something in them was changed at random: what cannot work is refused with a ConfigError that says
// where and what to do, by the builder and not by what comes after it. FUZZ_COUNT and FUZZ_SEED ask for more and for others (test-fuzz.ts).
import { expect, test } from 'vitest'
import { ConfigError } from '../base/errors.ts'
import { createRng, type Rng } from '../base/rng.ts'
import { layers } from '../model/layers/index.ts'
import { losses } from '../model/losses/index.ts'
import type { ModelSpec } from '../model/spec.ts'
import { compileProgram } from './program.ts'
import { fuzzCount, fuzzSeed, isFuzzLong } from './test-fuzz.ts'
import { randomSpec } from './test-random-spec.ts'

const pick = <T>(rng: Rng, from: readonly T[]): T => from[rng.integer(from.length)]!

type Json = Record<string, any>

const VALUES = [0, -1, 1, 2, 3, 7, 1.5, 1e9, '', 'same', 'x0', 'n1', 'relu', true, null, [], [1], [2, 2], [0, 1, 2], [1, 0], ['x0'], ['n0', 'n1'], {}, { name: 'huber' }, -2, [3, 1], [0, 1], { top: 1, bottom: 0, left: 2, right: 0 }, { before: 2, after: 0 }, { top: 1 }]
const KEYS = ['units', 'filters', 'kernel', 'stride', 'padding', 'activation', 'kind', 'size', 'bias', 'axis', 'start', 'end', 'shape', 'axes', 'groups', 'heads', 'causal', 'rate', 'vocabulary', 'rank', 'sequences', 'dilation', 'epsilon', 'affine', 'initialiser']

/** Each changes one thing of a spec that is nobody else's. */
const changes: readonly ((spec: Json, rng: Rng) => void)[] = [
  (spec, rng) => { node(spec, rng).options = { ...node(spec, rng).options, [pick(rng, KEYS)]: pick(rng, VALUES) } },
  (spec, rng) => {
    const { options } = node(spec, rng)
    const key = pick(rng, Object.keys(options ?? {}))
    if (key !== undefined) options[key] = pick(rng, VALUES)
  },
  (spec, rng) => { node(spec, rng).layer = pick(rng, [...layers.names(), 'dens']) },
  (spec, rng) => { node(spec, rng).from = [pick(rng, names(spec))] },
  (spec, rng) => { node(spec, rng).from = [pick(rng, names(spec)), pick(rng, names(spec))] },
  (spec, rng) => { node(spec, rng).shares = pick(rng, names(spec)) },
  (spec, rng) => { node(spec, rng).frozen = pick(rng, [true, false, 'yes']) },
  (spec, rng) => { node(spec, rng).name = pick(rng, [...names(spec), 'a b', '']) },
  (spec, rng) => { spec['nodes'].splice(rng.integer(spec['nodes'].length), 1) },
  (spec, rng) => { spec['nodes'].reverse().splice(0, rng.integer(2)) },
  (spec, rng) => { spec['inputs'][pick(rng, ['x0', 'x9', 'labels', 'random'])] = pick(rng, [[3], [], [2, 3, 4], [0], [2, 2, 2, 2, 2], { shape: [4], below: 3 }, { shape: [], below: 0 }, 'x']) },
  (spec, rng) => { spec['output'] = pick(rng, names(spec)) },
  (spec, rng) => { spec['heads'] = [{ name: 'h', from: pick(rng, names(spec)), target: pick(rng, [...names(spec), 'goal', 'weights']), weight: pick(rng, [1, 0, -1, 2]), loss: { name: pick(rng, [...losses.names(), 'loss']), ...pick(rng, [{}, { delta: 0 }, { temperature: -1 }, { classWeights: [1, 2] }, { labelSmoothing: 2 }]) } }] },
  (spec, rng) => { spec[pick(rng, ['name', 'inputs', 'nodes', 'output', 'heads', 'other'])] = pick(rng, VALUES) },
]

const node = (spec: Json, rng: Rng): Json => pick(rng, spec['nodes'])
const names = (spec: Json): readonly string[] => [...Object.keys(spec['inputs']), ...spec['nodes'].map((each: Json) => each['name'])]

const USUAL = 280

test('a change at random is refused with a ConfigError, or compiles', () => {
  const rng = createRng(fuzzSeed('changes', 0)), count = fuzzCount(USUAL)
  const outcomes = { compiled: 0, refused: 0 }
  for (let i = 0; i < count; i++) {
    // Each model is changed in four ways or so.
    const spec = structuredClone(randomSpec(fuzzSeed('changed', i % Math.ceil(count / 4)))) as Json
    const change = changes[i % changes.length]!
    change(spec, rng)
    const optimizer = { name: 'adam', learningRate: 1e-3 }
    try {
      compileProgram(spec as unknown as ModelSpec, { batchSize: 2, optimizer })
      outcomes.compiled++
    } catch (error) {
      if (!(error instanceof ConfigError)) throw new Error(`change ${i % changes.length}, ${JSON.stringify(spec)}`, { cause: error })
      // <subject>: must <rule>, got <value>. <Remedy>.
      expect(error.message, JSON.stringify(spec)).toMatch(/^[^:]+: must .*, got [^]+\. .*[.?]$/)
      outcomes.refused++
    }
  }
  expect(outcomes.compiled + outcomes.refused).toBe(count)
  if (!isFuzzLong(USUAL)) return
  expect(outcomes.compiled).toBeGreaterThan(0.1 * count)
  expect(outcomes.refused).toBeGreaterThan(0.35 * count)
}, 600_000)
