// Values of flags and of the environment, checked: what is wrong is named with its flag.
import { InvalidArgumentError } from 'commander'
import type { Retention } from '../coordinator/retention.ts'

/** A whole number from `minimum` to `maximum`, for commander. */
export const wholeNumber = (minimum: number, maximum: number) => (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < minimum || value > maximum) throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`)
  return value
}

/** A number from `minimum` to `maximum`. */
export const numberWithin = (minimum: number, maximum: number) => (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !(value >= minimum && value <= maximum)) throw new InvalidArgumentError(`It must be a number from ${minimum} to ${maximum}.`)
  return value
}

export const positiveNumber = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It must be a number above 0.')
  return value
}

export const httpOrigin = (text: string, previous: readonly string[] = []): readonly string[] => {
  if (!URL.canParse(text) || new URL(text).origin !== text) throw new InvalidArgumentError('It must be an origin such as https://example.org, without a path.')
  return [...previous, text]
}

export const collect = (text: string, previous: readonly string[] = []): readonly string[] => [...previous, text]

export interface KeepFlags {
  readonly keepCheckpoints: number
  readonly keepEvery?: number
  readonly keepLog: Retention['log']
}

export const retentionOf = ({ keepCheckpoints, keepEvery, keepLog }: KeepFlags): Retention => ({ last: keepCheckpoints, log: keepLog, ...(keepEvery === undefined ? {} : { everyVersions: keepEvery }) })
