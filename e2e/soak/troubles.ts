// What happens to tabs: drawn for each from the seed, one trouble at a time, with rest in between.
import { setTimeout as delay } from 'node:timers/promises'
import { createRng, permutation } from '../../src/base/rng.ts'
import type { Tab } from './tab.ts'

export const TROUBLES = ['kill', 'reload', 'freeze', 'throttle', 'slowWire', 'cutWire'] as const
export type Trouble = (typeof TROUBLES)[number]

export interface TroubleOptions {
  readonly seed: number
  /** The tab's number. */
  readonly index: number
  readonly untilMs: number
  /** Mean length of a trouble, and of the rest before it. */
  readonly paceMs: number
  readonly onTrouble: (trouble: Trouble) => void
}

/** Resolves when the time is over and the tab is well again. */
export async function troubleTab(tab: Tab, { seed, index, untilMs, paceMs, onTrouble }: TroubleOptions): Promise<void> {
  const rng = createRng(`soak/${seed}/${index}`)
  const leftMs = (): number => untilMs - performance.now()
  for (let round = 0; leftMs() > 0; round++) {
    // Every kind comes once before any comes again; tabs begin with different ones, so that even a short soak has all.
    const order = round === 0 ? rotated(index) : [...permutation(rng, TROUBLES.length)]
    for (const which of order) {
      await delay(Math.max(0, Math.min(leftMs(), paceMs * 2 * rng.uniform())))
      if (leftMs() <= 0) return
      const trouble = TROUBLES[which] as Trouble
      onTrouble(trouble)
      await tab[trouble](Math.max(0, Math.min(leftMs(), paceMs * 2 * rng.uniform())))
    }
  }
}

const rotated = (by: number): readonly number[] => TROUBLES.map((_, i) => (i + by) % TROUBLES.length)
