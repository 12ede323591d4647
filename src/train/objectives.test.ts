// Who trains what: patterns, and the recipes of the zoo.
import { expect, test } from 'vitest'
import { ConfigError } from '../base/errors.ts'
import { buildModel } from '../model/build-model.ts'
import type { Objective } from '../model/recipe.ts'
import type { ModelSpec } from '../model/spec.ts'
import { zoo } from '../model/zoo/index.ts'
import { resolveOptimizer } from '../optim/index.ts'
import { resolveSchedule } from '../optim/schedules.ts'
import { matches, resolveObjectives } from './objectives.ts'

const optimizer = { name: 'sgd', learningRate: 0.1 }
const spec: ModelSpec = {
  name: 'three', inputs: { x: [6] }, output: 'c',
  nodes: ['a', 'b', 'c'].map((name) => ({ name, layer: 'dense', options: { units: 5 } })),
  heads: ['b', 'c'].map((name) => ({ name, from: name, loss: { name: 'softmax-cross-entropy' } })),
}
const resolve = (...objectives: readonly Omit<Objective, 'optimizer'>[]) =>
  resolveObjectives(buildModel(spec, 2), objectives.map((objective) => ({ ...objective, optimizer }))).map(({ heads, entries }) => ({ heads: heads.map(({ name }) => name), params: entries.map(({ name }) => name).join(' ') }))

test('one objective trains everything for all heads', () => {
  expect(resolve({})).toEqual([{ heads: ['b', 'c'], params: 'a/weight a/bias b/weight b/bias c/weight c/bias' }])
})

test('the first objective that names a param has it', () => {
  expect(resolve({ params: ['*/bias'], heads: ['c'] }, { params: ['a*', 'b*'] }, {})).toEqual([
    { heads: ['c'], params: 'a/bias b/bias c/bias' },
    { heads: ['b', 'c'], params: 'a/weight b/weight' },
    { heads: ['b', 'c'], params: 'c/weight' },
  ])
  expect(resolve({ params: ['!*/bias'] }, {}).map(({ params }) => params)).toEqual(['a/weight b/weight c/weight', 'a/bias b/bias c/bias'])
})

test.each<[string, readonly Omit<Objective, 'optimizer'>[], RegExp]>([
  ['no objective', [], /^three: must have an objective/],
  ['a pattern for nothing', [{ params: ['a/wieght'] }], /^objective 1 of three: must name trained params, got "a\/wieght". Did you mean "a\/weight"/],
  ['an unknown head', [{ heads: ['d'] }], /^objective 1 of three: must have heads of the model, got "d"/],
  ['no head', [{ heads: [] }], /must have a head, got none/],
  ['a param without', [{ params: ['a*', '!*bias'] }], /^a\/bias: must have an objective that trains it/],
  ['nothing left', [{}, { params: ['a*'] }], /^objective 2 of three: must have params of its own/],
])('refuses %s', (_what, objectives, message) => {
  expect(() => resolve(...objectives)).toThrow(ConfigError)
  expect(() => resolve(...objectives)).toThrow(message)
})

test('patterns match whole names, and do not take long over what does not', () => {
  expect([['*', ''], ['a*b', 'ab'], ['a*b*', 'a/xb/y'], ['*/bias', 'dense1/bias'], ['a', 'a'], ['**', 'x']].map(([pattern, name]) => matches(pattern!, name!))).toEqual(Array(6).fill(true))
  expect([['a*a', 'a'], ['ab*ba', 'aba'], ['a.c', 'abc'], ['bias', 'a/bias'], ['a*c*e', 'aecd']].map(([pattern, name]) => matches(pattern!, name!))).toEqual(Array(5).fill(false))
  expect(matches(`${'a*'.repeat(60)}b`, 'a'.repeat(130))).toBe(false)
})

test.each(zoo.entries())('the recipe of %s names what there is', (name, { spec: model, recipe }) => {
  expect(name).toBe(model.name)
  const resolved = resolveObjectives(buildModel(model, 1), recipe.objectives)
  for (const { objective } of resolved) expect(resolveOptimizer(objective.optimizer).learningRate).toBeGreaterThan(0)
  if (recipe.schedule !== undefined) expect(resolveSchedule(recipe.schedule).factor(0)).toBeGreaterThan(0)
  // Nothing of a zoo model stays as it began by mistake.
  expect(resolved.flatMap(({ entries }) => entries)).toHaveLength(buildModel(model, 1).layout.entries.filter(({ role }) => role === 'param').length)
})
