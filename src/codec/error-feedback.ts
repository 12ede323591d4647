// Error feedback (Seide et al. 2014; Karimireddy et al. 2019, arXiv 1901.09847): what a lossy codec loses of an update is
// added to the next one, so that nothing is lost for good. Only the sender knows of it; the payload decodes as any other.
import { invariant } from '../base/errors.ts'
import type { Rng } from '../base/rng.ts'
import type { Codec, EncodeHints } from './codec.ts'

export interface OwingUpdate {
  readonly values: Float32Array
  /** What the updates that counted have lost so far, as long as `values`. */
  readonly owed: Float32Array
  readonly rng: Rng
  readonly hints?: EncodeHints
}

export interface OwingPayload {
  readonly payload: Uint8Array
  /** What is owed from now on if this payload counts; if it comes to nothing, what was owed before is owed still. */
  readonly owed: Float32Array
}

/** The payload of an update and of what earlier ones lost. */
export function encodeOwing(codec: Codec, { values, owed, rng, hints }: OwingUpdate): OwingPayload {
  invariant(values.length === owed.length, `error feedback: must get ${owed.length} values, got ${values.length}.`)
  const wanted = values.map((value, i) => value + owed[i]!)
  const payload = codec.encode(wanted, rng, hints)
  const sent = codec.decode(payload, values.length, hints?.tensors)
  // A number that is not finite would never leave again.
  return { payload, owed: wanted.map((value, i) => (Number.isFinite(value - sent[i]!) ? value - sent[i]! : owed[i]!)) }
}
