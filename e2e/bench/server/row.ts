// What `npm run bench -- server` measures, as rows of one table.

export interface Row {
  readonly name: string
  /** With its unit. */
  readonly value: string
  /** What was asked for, where something was. */
  readonly target?: string
  /** Whether it was reached, where there is a target. */
  readonly reached?: boolean
  /** How it was measured, and what is in it. */
  readonly notes: string
  /** Bare numbers behind `value`, by name. */
  readonly figures: Readonly<Record<string, number>>
}

export type AddRow = (row: Row) => void

export const gbPerSecond = (bytes: number, ms: number): number => bytes / 1e6 / ms

/** The fastest of repetitions for `forMs`, and at least three: other work on a machine only ever slows things down. */
export function fastestMs(forMs: number, run: () => void): number {
  let fastest = Infinity
  const endsAt = performance.now() + forMs
  for (let i = 0; i < 3 || performance.now() < endsAt; i++) {
    const begun = performance.now()
    run()
    fastest = Math.min(fastest, performance.now() - begun)
  }
  return fastest
}
