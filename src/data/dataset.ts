// What the coordinator knows of a data set and what a volunteer needs to use a shard of it.
// Examples are shuffled once (seeded) and cut into shards: immutable binary files, addressed by their SHA-256.

export interface DatasetManifest {
  readonly name: string
  /** Shape of one example: [28, 28, 1]. */
  readonly shape: readonly number[]
  readonly classes: number
  /** Human names of the classes, in label order. */
  readonly classNames: readonly string[]
  /** value = byte * scale + offset, applied by the volunteer. */
  readonly scale: number
  readonly offset: number
  readonly train: SplitManifest
  readonly test: SplitManifest
}

export interface SplitManifest {
  readonly examples: number
  /** In order: shard i holds examples i * shardSize to (i + 1) * shardSize, the last one fewer. */
  readonly shards: readonly ShardManifest[]
}

/**
 * A shard file: `examples * product(shape)` bytes of values, then `examples` bytes of labels.
 */
export interface ShardManifest {
  readonly hash: string
  readonly examples: number
  readonly bytes: number
}

/** A data set in memory, as a source delivers it: bytes as in the files, before scaling. */
export interface ByteSplit {
  readonly examples: number
  /** [examples, ...shape] */
  readonly values: Uint8Array
  /** [examples] */
  readonly labels: Uint8Array
}

export interface ByteDataset {
  readonly name: string
  readonly shape: readonly number[]
  readonly classes: number
  readonly classNames: readonly string[]
  readonly scale: number
  readonly offset: number
  readonly train: ByteSplit
  readonly test: ByteSplit
}
