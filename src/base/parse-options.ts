// Validates what a person wrote (options, run files) against a schema, and says where it is wrong in one sentence.
import * as v from 'valibot'
import { ConfigError } from './errors.ts'
import { nearest } from './registry.ts'

/** `value` as the schema's output; throws ConfigError naming the key, and for an unknown key or word the nearest valid one. `others` are keys that may stand beside the schema's. */
export function parseOptions<S extends v.GenericSchema>(schema: S, value: unknown, subject: string, others: readonly string[] = []): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  // A mistyped key often makes another one missing; the typing error is the cause.
  const issue = result.issues.find(isUnknownKey) ?? result.issues[0]
  const path = (issue.path ?? []).map((item) => String(item.key))
  const where = [subject, ...path].join('.')
  const key = path.at(-1)
  if (isUnknownKey(issue) && key !== undefined) {
    const known = [...(path.length === 1 ? others : []), ...keysAt(schema, value, path.slice(0, -1))]
    throw new ConfigError(`${where}: must be a known option${known.length === 0 ? '' : ` (${known.join(', ')})`}, got "${key}". ${known.length === 0 ? 'It takes no options.' : nearest(key, known)}`)
  }
  if (issue.received === 'undefined') throw new ConfigError(`${where}: must be given, got nothing. ${issue.message}.`)
  const values = [...(issue.expected ?? '').matchAll(/"([^"]*)"/g)].map((match) => match[1]!)
  // A check with words of its own says more than the pattern it matches.
  const own = issue.kind === 'validation' && !issue.message.startsWith('Invalid')
  const rule = values.length > 0 ? `one of ${values.join(', ')}` : own ? issue.message.replace(/^must be /, '') : issue.expected ?? 'valid'
  throw new ConfigError(`${where}: must be ${rule}, got ${issue.received}. ${values.length > 0 ? nearest(String(issue.input), values) : 'Correct it.'}`)
}

const isUnknownKey = (issue: v.BaseIssue<unknown>): boolean => issue.type === 'strict_object' && issue.expected === 'never'

interface AnySchema {
  readonly type?: string
  readonly entries?: Readonly<Record<string, AnySchema>>
  /** Of an array. */
  readonly item?: AnySchema
  readonly wrapped?: AnySchema
  /** Of a variant: its branches, told apart by the literal at `key`. */
  readonly options?: readonly AnySchema[]
  readonly key?: string
  readonly literal?: unknown
}

/** The keys that the schema knows at `path`; within a variant, those of the branch that `value` chose. */
function keysAt(schema: unknown, value: unknown, path: readonly string[]): readonly string[] {
  let at = narrow(schema as AnySchema, value)
  let inner = value
  for (const key of path) {
    inner = (inner as Readonly<Record<string, unknown>> | undefined)?.[key]
    at = narrow(at?.item ?? at?.entries?.[key], inner)
  }
  return Object.keys(at?.entries ?? {})
}

function narrow(schema: AnySchema | undefined, value: unknown): AnySchema | undefined {
  if (schema?.wrapped !== undefined) return narrow(schema.wrapped, value)
  if (schema?.type !== 'variant') return schema
  const key = schema.key as string
  return schema.options?.find((option) => option.entries?.[key]?.literal === (value as Readonly<Record<string, unknown>>)[key])
}
