// What the dashboard draws of how the data are divided: as many parts as can be told apart on a screen.
import type { ShardedDataset } from '../../src/data/shards.ts'
import type { PartitionPicture } from '../../src/wire/dashboard.ts'

const MOST_PARTS = 1000

/** Undefined where the data are not divided. */
export function picturePartition({ histogram, manifest }: ShardedDataset): PartitionPicture | undefined {
  if (histogram === undefined) return undefined
  return { parts: histogram.length, classNames: manifest.classNames, counts: histogram.slice(0, MOST_PARTS).flatMap((counts) => [...counts]) }
}
