// From what a run file says about a preset to the axes, so that the log holds the whole strategy and not a name whose
// meaning could change.
import { presets } from './index.ts'

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `strategy` with its `preset` replaced by the preset's axes, changed as written. Anything else comes back as it is. Throws ConfigError for an unknown preset. */
export function expandPreset(strategy: unknown): unknown {
  if (!isObject(strategy) || typeof strategy['preset'] !== 'string') return strategy
  const { preset, ...changes } = strategy
  return merge(presets.get(preset as string).strategy, changes)
}

/** Objects are merged, but for those of another `type` or `name`, which are replaced whole, as is everything else. */
function merge(base: Json, changes: Json): Json {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, change] of Object.entries(changes)) {
    const old = base[key]
    merged[key] = isObject(old) && isObject(change) && !isOther(old, change) ? merge(old, change) : change
  }
  return merged
}

const isOther = (old: Json, change: Json): boolean => ['type', 'name'].some((tag) => change[tag] !== undefined && change[tag] !== old[tag])
