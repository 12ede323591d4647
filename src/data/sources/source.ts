// A data set source: which files it is read from (none where it is made here) and how their bytes become examples.
// Sources see only bytes, never paths, so the same one serves the coordinator and a browser.
import { ConfigError } from '../../base/errors.ts'
import type { ByteDataset, ByteSplit } from '../dataset.ts'

export interface SourceFile {
  /** What the source calls it: `trainImages`. */
  readonly role: string
  /** File names to look for, the most usual first; each also with `.gz`. */
  readonly names: readonly string[]
  /** May be missing; the source makes do without. */
  readonly optional?: true
}

export interface SourceInput {
  /** Contents by role, decompressed, with the path that errors name. */
  readonly files: Readonly<Record<string, { readonly path: string; readonly bytes: Uint8Array }>>
  readonly seed: number
  /** The first so many of a split; all where absent. */
  readonly trainExamples?: number | undefined
  readonly testExamples?: number | undefined
}

export interface DatasetSource {
  readonly name: string
  /** Usual names of its folder within a root of data sets; the source's name where absent. */
  readonly folders?: readonly string[]
  readonly files: readonly SourceFile[]
  /** One sentence for people who do not have the files. */
  readonly howToGet: string
  /** Throws ConfigError where files are damaged or more examples are wanted than there are. */
  load(input: SourceInput): ByteDataset
}

/** The first `wanted` examples of a split, without copying. */
export function takeExamples(split: ByteSplit, wanted: number | undefined, option: 'trainExamples' | 'testExamples'): ByteSplit {
  if (wanted === undefined || wanted === split.examples) return split
  if (wanted > split.examples) {
    throw new ConfigError(`dataset.${option}: must be at most ${split.examples}, got ${wanted}. Leave it out to take them all.`)
  }
  const exampleSize = split.values.length / split.examples
  return { examples: wanted, values: split.values.subarray(0, wanted * exampleSize), labels: split.labels.subarray(0, wanted) }
}
