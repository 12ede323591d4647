// `--stop 'accuracy>=0.97'`: when a headless run has what it was started for.
import { ConfigError } from '../../src/base/errors.ts'
import { nearest } from '../../src/base/registry.ts'
import type { RunStatus } from '../../src/wire/dashboard.ts'

export interface StopCondition {
  readonly text: string
  isMet(status: RunStatus): boolean
}

/** accuracy and loss are those of the last whole evaluation; rounds are model versions made. */
const QUANTITIES = {
  'accuracy>=': { valueOf: (status: RunStatus) => status.evaluation?.accuracy, maximum: 1 },
  'loss<=': { valueOf: (status: RunStatus) => status.evaluation?.loss, maximum: Infinity },
  'rounds>=': { valueOf: (status: RunStatus) => status.modelVersion, maximum: Infinity },
  'examples>=': { valueOf: (status: RunStatus) => status.examples, maximum: Infinity },
} as const
const FORMS = Object.keys(QUANTITIES) as (keyof typeof QUANTITIES)[]

/** Throws ConfigError naming the nearest form. */
export function parseStopCondition(text: string): StopCondition {
  const match = /^\s*([a-z]+)\s*(>=|<=|[<>=]+)\s*(\S+)\s*$/i.exec(text)
  const form = FORMS.find((candidate) => candidate === `${match?.[1]}${match?.[2]}`)
  const limit = Number(match?.[3])
  if (match === null || form === undefined) throw new ConfigError(`--stop: must be one of ${FORMS.map((name) => `${name}NUMBER`).join(', ')}, got "${text}". ${nearest(`${match?.[1] ?? text}${match?.[2] ?? ''}`, FORMS)}`)
  const { valueOf, maximum } = QUANTITIES[form]
  if (!(limit >= 0 && limit <= maximum)) throw new ConfigError(`--stop: must compare ${form.slice(0, -2)} with a number from 0${maximum === Infinity ? '' : ` to ${maximum}`}, got "${match[3]}".${form === 'accuracy>=' ? ' Accuracy is a fraction: 0.97 is 97%.' : ''}`)
  return {
    text: `${form}${limit}`,
    isMet(status) {
      const value = valueOf(status)
      return value !== undefined && (form === 'loss<=' ? value <= limit : value >= limit)
    },
  }
}
