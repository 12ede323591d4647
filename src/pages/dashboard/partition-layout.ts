// Where the columns of the partition picture stand: in as many rows as the width asks for, so that a thousand parts can
// still be told apart on a phone. Also what can be said of the picture in words.
import type { PartitionPicture } from '../../wire/dashboard.ts'

export interface PartitionLayout {
  readonly columns: number
  readonly rows: number
  /** From one column to the next, gap included, in CSS pixels. */
  readonly pitch: number
  readonly gap: number
  /** Of the tallest column. */
  readonly columnHeight: number
  /** From one row to the next; below the columns is room for marks. */
  readonly rowPitch: number
}

const MIN_PITCH = 5
const MAX_PITCH = 56
const MARK_ROOM = 14
/** Of one row, and of each of several. */
const TALL = 150, LOW = 56

export function layOut(parts: number, width: number): PartitionLayout {
  const most = Math.max(1, Math.floor(width / MIN_PITCH))
  const rows = Math.ceil(parts / most)
  const columns = Math.ceil(parts / rows)
  const pitch = Math.min(MAX_PITCH, width / columns)
  const columnHeight = rows === 1 ? TALL : LOW
  return { columns, rows, pitch, gap: pitch < 8 ? 1 : Math.min(6, pitch / 5), columnHeight, rowPitch: columnHeight + MARK_ROOM }
}

/** The part whose column is at a point, if there is one. */
export function partAt({ columns, pitch, rowPitch }: PartitionLayout, parts: number, x: number, y: number): number | undefined {
  const column = Math.floor(x / pitch), part = Math.floor(y / rowPitch) * columns + column
  return x >= 0 && y >= 0 && column < columns && part < parts ? part : undefined
}

/** [parts shown][classes] */
export function histogramOf({ counts, classNames }: PartitionPicture): readonly (readonly number[])[] {
  const classes = Math.max(1, classNames.length)
  return Array.from({ length: Math.floor(counts.length / classes) }, (_, part) => counts.slice(part * classes, (part + 1) * classes))
}

export interface PartitionSummary {
  readonly least: number
  readonly most: number
  /** Mean number of classes that a part has examples of. */
  readonly classes: number
}

export function summarise(histogram: readonly (readonly number[])[]): PartitionSummary {
  const sizes = histogram.map(sizeOf)
  const classes = histogram.map((counts) => counts.filter((count) => count > 0).length)
  return { least: Math.min(...sizes), most: Math.max(...sizes), classes: classes.reduce((a, b) => a + b, 0) / Math.max(1, classes.length) }
}

export const sizeOf = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)
