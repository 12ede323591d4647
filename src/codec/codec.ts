// How an update travels: packed values to bytes and back. Both sides find a codec by name; what a lossy one loses, error
// feedback (error-feedback.ts) can keep for the next update.
//
// Room for what is to come: a sparse codec is `variable` (its payload's length depends on the values); a low-rank one
// takes shapes from `tensors`; a delta codec needs what the other side holds already, so `configure` would give it a base.
import type * as v from 'valibot'
import type { Rng } from '../base/rng.ts'

export interface Codec {
  readonly name: string
  /** True where decode(encode(x)) is x, bit for bit. */
  readonly lossless: boolean
  /** True where decode(encode(x)) is x on average over the generator's numbers. */
  readonly unbiased: boolean
  /** Exact payload bytes for `size` elements; an upper bound where `variable`. */
  payloadBytes(size: number, tensors?: readonly CodecTensor[]): number
  /** True where the payload's length depends on the values (sparse codecs). */
  readonly variable: boolean
  /** Elements that share a scale, where they do. */
  readonly blockSize?: number
  /** `rng` decides stochastic rounding. Infinity and NaN stay what they are: they tell of a training run that has diverged. */
  encode(values: Float32Array, rng: Rng, hints?: EncodeHints): Uint8Array
  /** `size` values, perhaps a view of `bytes`. Throws WireError on bytes that mean nothing, and nothing else on any bytes; numbers that are not finite pass. */
  decode(bytes: Uint8Array, size: number, tensors?: readonly CodecTensor[]): Float32Array
}

/** One tensor of the packed form, in its order there. */
export interface CodecTensor {
  readonly shape: readonly number[]
  /** Number of elements. */
  readonly size: number
}

export interface EncodeHints {
  readonly tensors?: readonly CodecTensor[]
  /** Hears how many finite elements were too large for the format and were set to its largest number. */
  readonly onClamped?: (elements: number) => void
}

/** An entry of the registry is the codec with its default options; `configure` gives it with others. */
export interface RegisteredCodec extends Codec {
  readonly schema: v.GenericSchema
  /** `options` as the schema made them. */
  configure(options: unknown): Codec
}

/** What a run file says: a name, or a name with options; `errorFeedback` goes with every lossy codec. */
export type CodecChoice = string | { readonly name: string; readonly errorFeedback?: boolean | undefined; readonly [option: string]: unknown }

/** An aligned view of what travelled, or an aligned copy where it lies at an odd place of a larger buffer. */
export const aligned = (bytes: Uint8Array, alignment: number): Uint8Array => (bytes.byteOffset % alignment === 0 ? bytes : new Uint8Array(bytes))
