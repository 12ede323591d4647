// How gradients are clipped, by name: each element, each tensor's norm, or the norm of all together.
import * as v from 'valibot'
import { parseOptions } from '../base/parse-options.ts'
import { createRegistry } from '../base/registry.ts'
import { CLIP } from '../kernels/optimizers.ts'

export interface Clipping {
  readonly name: string
  /** The kernels' dim CLIP. */
  readonly mode: number
}

/** `limit` is the largest absolute value, or the largest norm. */
export interface ClipSettings {
  readonly name: string
  readonly limit?: unknown
}

export const clippings = createRegistry<Clipping>('gradient clipping', [
  { name: 'value', mode: CLIP.value },
  { name: 'norm', mode: CLIP.norm },
  { name: 'global-norm', mode: CLIP.globalNorm },
])

const schema = v.strictObject({ limit: v.pipe(v.number(), v.finite(), v.gtValue(0)) })

/** Throws ConfigError for an unknown name or a limit that is not above 0. */
export function resolveClipping({ name, ...options }: ClipSettings): { readonly mode: number; readonly limit: number } {
  const { mode } = clippings.get(name)
  return { mode, ...parseOptions(schema, options, `gradient clipping ${name}`) }
}
