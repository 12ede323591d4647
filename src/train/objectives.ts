// Who trains what: gives every objective of a recipe its heads, and the tensors that its optimizer has to itself.
import { ConfigError } from '../base/errors.ts'
import { nearest } from '../base/registry.ts'
import type { Head, Model } from '../model/build-model.ts'
import type { TensorEntry } from '../model/layout.ts'
import type { Objective } from '../model/recipe.ts'

/** The part of an objective that says who trains what. */
export type Scope = Pick<Objective, 'heads' | 'params'>

export interface ResolvedObjective<O extends Scope = Objective> {
  readonly objective: O
  readonly heads: readonly Head[]
  /** What it trains, in the order of the layout. */
  readonly entries: readonly TensorEntry[]
}

/** Every trained tensor has one objective. Throws ConfigError for heads and patterns that name nothing, and for tensors without an objective. */
export function resolveObjectives<O extends Scope>({ spec, heads, layout }: Model, objectives: readonly O[]): readonly ResolvedObjective<O>[] {
  const trained = layout.entries.filter(({ role }) => role === 'param')
  const owners = new Map<TensorEntry, number>()
  if (objectives.length === 0) throw new ConfigError(`${spec.name}: must have an objective to be trained, got none. Name an optimizer.`)
  objectives.forEach(({ params = ['*'] }, i) => {
    const without = params.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))
    const wanted = params.filter((pattern) => !pattern.startsWith('!'))
    for (const pattern of [...without, ...(wanted.length === 0 ? ['*'] : wanted)]) {
      const named = trained.filter(({ name }) => matches(pattern, name))
      if (named.length === 0) throw new ConfigError(`objective ${i + 1} of ${spec.name}: must name trained params, got "${pattern}". ${nearest(pattern, trained.map(({ name }) => name))}`)
      if (!without.includes(pattern)) for (const entry of named) if (!owners.has(entry) && !without.some((each) => matches(each, entry.name))) owners.set(entry, i)
    }
  })
  const orphan = trained.find((entry) => !owners.has(entry))
  if (orphan !== undefined) throw new ConfigError(`${orphan.name}: must have an objective that trains it, got none that names it. Add one for ["*"], or freeze the node.`)
  return objectives.map((objective, i): ResolvedObjective<O> => {
    const entries = trained.filter((entry) => owners.get(entry) === i)
    if (entries.length === 0) throw new ConfigError(`objective ${i + 1} of ${spec.name}: must have params of its own, got only params that earlier objectives have. Put the special ones first, or remove it.`)
    return { objective, heads: headsOf(objective, heads, `objective ${i + 1} of ${spec.name}`), entries }
  })
}

function headsOf({ heads: names }: Scope, heads: readonly Head[], path: string): readonly Head[] {
  if (names === undefined) return heads
  if (names.length === 0) throw new ConfigError(`${path}: must have a head, got none. Leave heads out to mean all.`)
  return names.map((name) => {
    const head = heads.find((each) => each.name === name)
    if (head === undefined) throw new ConfigError(`${path}: must have heads of the model, got "${name}". ${nearest(name, heads.map((each) => each.name))}`)
    return head
  })
}

/** `*` stands for any characters, none included. By hand, as a stranger's pattern must not keep a regular expression busy. */
export function matches(pattern: string, name: string): boolean {
  const [first, ...parts] = pattern.split('*') as [string, ...string[]]
  const last = parts.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of parts) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}
