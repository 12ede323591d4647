// A named set of declarations of one kind. Looking up a wrong name says which names exist and which is nearest.
import { closest } from 'fastest-levenshtein'
import { ConfigError, InvariantError } from './errors.ts'

export interface Registry<T> {
  readonly kind: string
  names(): readonly string[]
  entries(): readonly (readonly [string, T])[]
  has(name: string): boolean
  /** Throws ConfigError naming the nearest entry. */
  get(name: string): T
}

export function createRegistry<T extends { readonly name: string }>(kind: string, items: readonly T[]): Registry<T> {
  const table = new Map<string, T>()
  for (const item of items) {
    if (table.has(item.name)) throw new InvariantError(`${kind} "${item.name}": must be registered once, got it twice. Rename one.`)
    table.set(item.name, item)
  }
  const names = [...table.keys()]
  return {
    kind,
    names: () => names,
    entries: () => [...table.entries()],
    has: (name) => table.has(name),
    get: (name) => {
      const item = table.get(name)
      if (item !== undefined) return item
      throw new ConfigError(`${kind}: must be one of ${names.join(', ')}, got "${name}". ${nearest(name, names)}`)
    },
  }
}

/** "Did you mean …?" for a mistyped name; empty when there is nothing to suggest. */
export function nearest(name: string, candidates: readonly string[]): string {
  return candidates.length === 0 ? '' : `Did you mean "${closest(name, [...candidates])}"?`
}
