// The three kinds of error, told apart by what the program does about them.
// Messages read `<subject>: must <rule>, got <value>. <Remedy>`.

/** What a person wrote (a run file, a flag, a model spec) cannot work: print it and exit. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** What another machine sent is wrong: refuse that message or volunteer, and go on. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

/** We broke our own rule: a bug, so crash loudly. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws an InvariantError unless `condition` holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}

/** `value`, or an InvariantError naming what was missing. For lookups that cannot fail. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new InvariantError(`${what}: must exist, got ${String(value)}. This is a bug.`)
  return value
}
