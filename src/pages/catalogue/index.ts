// The language of a page: the browser's, or the one chosen before; sentences on the page follow a switch at once.
import { en, type Catalogue } from './en.ts'
import { zh } from './zh.ts'

export type Language = 'en' | 'zh'
export type Phrase = (catalogue: Catalogue) => string

const catalogues: Record<Language, Catalogue> = { en, zh }
const LANGUAGE_KEY = 'commonweight-language'

let current: Language = initialLanguage()
const listeners = new Set<() => void>()

export const language = (): Language => current
export const catalogue = (): Catalogue => catalogues[current]
export const languages: readonly (readonly [Language, string])[] = [['en', en.language], ['zh', zh.language]]

export function setLanguage(chosen: Language): void {
  current = chosen
  remember(chosen)
  for (const listener of listeners) listener()
}

/** Calls `listener` now and after each switch. */
export function onLanguage(listener: () => void): void {
  listeners.add(listener)
  listener()
}

/** A number as people write it in their language. */
export const formatNumber = (value: number, digits = 0): string =>
  new Intl.NumberFormat(current, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value)

export const formatPercent = (fraction: number, digits = 1): string =>
  new Intl.NumberFormat(current, { style: 'percent', maximumFractionDigits: digits, minimumFractionDigits: digits }).format(fraction)

/** 3 digits at most: 812 B, 3.4 MB, 12 GB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes, unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${formatNumber(value, unit === 0 || value >= 99.95 ? 0 : 1)} ${units[unit]}`
}

/** 75 -> "1:15", 4000 -> "1:06:40". */
export function formatDuration(seconds: number): string {
  const whole = Math.floor(seconds), pad = (n: number): string => String(n).padStart(2, '0')
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`
}

function initialLanguage(): Language {
  const wanted = [remembered(), ...(globalThis.navigator?.languages ?? [])]
  for (const tag of wanted) {
    if (tag?.startsWith('zh') === true) return 'zh'
    if (tag?.startsWith('en') === true) return 'en'
  }
  return 'en'
}

// Storage is forbidden in some private windows; the choice then lasts as long as the page.
function remembered(): string | undefined {
  try {
    return globalThis.localStorage?.getItem(LANGUAGE_KEY) ?? undefined
  } catch {
    return undefined
  }
}

function remember(chosen: Language): void {
  try {
    globalThis.localStorage?.setItem(LANGUAGE_KEY, chosen)
  } catch {
    return
  }
}
