// Run files: the named ones of server/runs, or any JSON file by its path. One schema checks them, and what it refuses is
// named together with the nearest thing that would do.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { ConfigError } from '../src/base/errors.ts'
import { nearest } from '../src/base/registry.ts'
import { RunConfigSchema, type RunConfig } from '../src/wire/run-config.ts'

const named = new Map(
  Object.entries(import.meta.glob<unknown>('./runs/*.json', { eager: true, import: 'default' })).map(([path, json]) => [path.replace(/^.*\/|\.json$/g, ''), json] as const),
)

export const runNames = (): readonly string[] => [...named.keys()]

/** A run by name, or by the path of a JSON file. Throws ConfigError where there is none or it is not valid. */
export async function findRun(nameOrPath: string): Promise<RunConfig> {
  if (!/[\\/]|\.json$/.test(nameOrPath)) {
    const json = named.get(nameOrPath)
    if (json !== undefined) return parseRun(json, nameOrPath)
    throw new ConfigError(`--run: must be a file or one of ${runNames().join(', ')}, got "${nameOrPath}". ${nearest(nameOrPath, runNames())}`)
  }
  const path = resolve(nameOrPath)
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new ConfigError(`--run: must be a file that can be read, got ${path} (${cause.message}).`, { cause })
  })
  return parseRun(parseJson(text, path), path)
}

/** Throws ConfigError naming the wrong key or value, and the nearest valid one. `origin` says where `json` is from. */
export function parseRun(json: unknown, origin: string): RunConfig {
  const result = v.safeParse(RunConfigSchema, json)
  if (result.success) return result.output
  const issue = result.issues[0]
  const path = (issue.path ?? []).map((item) => String(item.key))
  const key = path.at(-1) ?? ''
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const keys = keysAt(RunConfigSchema, json, path.slice(0, -1))
    throw new ConfigError(`${origin}: ${path.join('.')}: must be a known key (${keys.join(', ')}), got "${key}". ${nearest(key, keys)}`)
  }
  if (issue.received === 'undefined') throw new ConfigError(`${origin}: ${path.join('.')}: must be given, got nothing. ${issue.message}.`)
  const values = [...(issue.expected ?? '').matchAll(/"([^"]*)"/g)].map((match) => match[1] as string)
  const remedy = values.length === 0 ? 'Correct it.' : nearest(String(issue.input), values)
  // A check with words of its own says more than the pattern it matches.
  const own = issue.kind === 'validation' && !issue.message.startsWith('Invalid')
  const rule = values.length > 0 ? `one of ${values.join(', ')}` : own ? issue.message.replace(/^must be /, '') : (issue.expected ?? 'valid')
  throw new ConfigError(`${origin}: ${path.join('.') || 'run'}: must be ${rule}, got ${issue.received}. ${remedy}`)
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(`${path}: must be JSON, got a file that is not (${(cause as Error).message}).`, { cause })
  }
}

type AnySchema = { readonly type: string; readonly entries?: Record<string, AnySchema>; readonly wrapped?: AnySchema; readonly options?: readonly AnySchema[]; readonly key?: string; readonly literal?: unknown }

/** The keys that the schema knows at `path`; within a variant, those of the branch that `json` chose. */
function keysAt(root: unknown, json: unknown, path: readonly string[]): readonly string[] {
  let schema = narrow(root as AnySchema, json)
  let value = json
  for (const key of path) {
    value = (value as Record<string, unknown> | undefined)?.[key]
    schema = narrow(schema?.entries?.[key], value)
  }
  return Object.keys(schema?.entries ?? {})
}

function narrow(schema: AnySchema | undefined, value: unknown): AnySchema | undefined {
  if (schema?.wrapped !== undefined) return narrow(schema.wrapped, value)
  if (schema?.type !== 'variant') return schema
  const key = schema.key as string
  return schema.options?.find((option) => option.entries?.[key]?.literal === (value as Record<string, unknown>)[key])
}
