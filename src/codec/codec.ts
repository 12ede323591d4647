// How an update travels: packed values to bytes and back. Lossy codecs will round with the generator they are given, and
// error feedback will wrap them; both sides find a codec by name.
import type { Rng } from '../base/rng.ts'

export interface Codec {
  readonly name: string
  /** True where decode(encode(x)) is x, bit for bit. */
  readonly lossless: boolean
  /** Exact payload bytes for `size` elements; an upper bound where `variable`. */
  payloadBytes(size: number): number
  /** True where the payload's length depends on the values (sparse codecs). */
  readonly variable: boolean
  /** `rng` decides stochastic rounding. */
  encode(values: Float32Array, rng: Rng): Uint8Array
  /** `size` values. Throws WireError on bytes that no encoder makes. */
  decode(bytes: Uint8Array, size: number): Float32Array
}
