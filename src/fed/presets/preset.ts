// A preset is a named strategy: data over the axes of strategy.ts, with what its authors recommend. A run file names one
// and may change any part of it: { "preset": "fed-avg", "local": { "epochs": 5 } }.

export interface Preset {
  readonly name: string
  /** One line for people. */
  readonly title: string
  /** As a run file would write it. */
  readonly strategy: Readonly<Record<string, unknown>>
}
