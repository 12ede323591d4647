// Every correction. Tests iterate this list.
import { parseOptions } from '../../base/parse-options.ts'
import { createRegistry } from '../../base/registry.ts'
import type { Correction, CorrectionChoice, RegisteredCorrection } from './correction.ts'
import { delayCompensation } from './delay-compensation.ts'
import { fedDyn } from './fed-dyn.ts'
import { fedProx } from './fed-prox.ts'
import { scaffold } from './scaffold.ts'

export const corrections = createRegistry<RegisteredCorrection>('correction', [fedProx, scaffold, fedDyn, delayCompensation])

/** The correction that a run file names, with its options. Throws ConfigError for a name or an option there is not. */
export function resolveCorrection({ name, ...options }: CorrectionChoice): Correction {
  const entry = corrections.get(name)
  return entry.configure(parseOptions(entry.schema, options, `correction ${name}`))
}
