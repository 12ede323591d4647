// Validates what a person wrote (options, run files) against a schema, and says where it is wrong in one sentence.
import * as v from 'valibot'
import { ConfigError } from './errors.ts'
import { nearest } from './registry.ts'

/** `value` as the schema's output; throws ConfigError naming the key, and for an unknown key the nearest valid one. */
export function parseOptions<S extends v.GenericSchema>(schema: S, value: unknown, subject: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  // A mistyped key often makes another one missing; the typing error is the cause.
  const issue = result.issues.find(isUnknownKey) ?? result.issues[0]
  const path = v.getDotPath(issue)
  const where = path === null ? subject : `${subject}.${path}`
  const key = issue.path?.at(-1)
  if (isUnknownKey(issue) && key !== undefined) {
    const known = knownKeys(schema, issue.path!.slice(0, -1).map((item) => String(item.key)))
    throw new ConfigError(`${where}: must be a known option, got "${String(key.key)}". ${known.length === 0 ? 'It takes no options.' : `${nearest(String(key.key), known)} Options: ${known.join(', ')}.`}`)
  }
  const values = [...(issue.expected ?? '').matchAll(/"([^"]*)"/g)].map((match) => match[1]!)
  const rule = values.length === 0 ? issue.expected ?? 'valid' : `one of ${values.join(', ')}`
  const got = issue.received === 'undefined' ? 'nothing' : issue.received
  const remedy = values.length > 0 && typeof issue.input === 'string' ? nearest(issue.input, values) : `${issue.message}.`.replace(/\.\.$/, '.')
  throw new ConfigError(`${where}: must be ${rule}, got ${got}. ${remedy}`)
}

const isUnknownKey = (issue: v.BaseIssue<unknown>): boolean => issue.type === 'strict_object' && issue.expected === 'never'

/** The keys that an object schema takes at `path`; unwraps optional schemas on the way. */
function knownKeys(schema: unknown, path: readonly string[]): readonly string[] {
  let at = unwrap(schema)
  for (const key of path) at = unwrap(at?.entries?.[key])
  return Object.keys(at?.entries ?? {})
}

interface SchemaShape {
  readonly entries?: Readonly<Record<string, unknown>>
  readonly wrapped?: unknown
  readonly pipe?: readonly unknown[]
}

function unwrap(schema: unknown): SchemaShape | undefined {
  let at = schema as SchemaShape | undefined
  while (at?.wrapped !== undefined) at = at.wrapped as SchemaShape
  return at
}
