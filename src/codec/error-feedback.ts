// Error feedback (Seide et al. 2014; Karimireddy et al. 2019, arXiv 1901.09847): what a lossy codec loses of an update is
// added to the next one, so that nothing is lost for good. Only the sender knows of it; the payload decodes as any other.
import { InvariantError, invariant } from '../base/errors.ts'
import type { Rng } from '../base/rng.ts'
import type { Codec, EncodeHints } from './codec.ts'

export interface ErrorFeedback {
  /** The payload of `values` and of what earlier payloads lost. Its own loss counts once `accepted` says so. */
  encode(values: Float32Array, rng: Rng, hints?: EncodeHints): Uint8Array
  /** The last payload became part of the model: its loss is what is owed now. */
  accepted(): void
  /** The last payload came to nothing (refused, expired): what was owed before is owed still. */
  dropped(): void
  /** What is owed, [size]: the live array, to be saved by a volunteer that may be reloaded. */
  readonly residual: Float32Array
  restore(residual: Float32Array): void
}

export function createErrorFeedback(codec: Codec, size: number): ErrorFeedback {
  const residual = new Float32Array(size)
  let loss: Float32Array | undefined
  return {
    residual,
    encode(values, rng, hints) {
      invariant(values.length === size, `error feedback: must get ${size} values, got ${values.length}.`)
      const wanted = values.map((value, i) => value + residual[i]!)
      const payload = codec.encode(wanted, rng, hints)
      const sent = codec.decode(payload, size, hints?.tensors)
      // A number that is not finite would never leave the residual again.
      loss = wanted.map((value, i) => (Number.isFinite(value - sent[i]!) ? value - sent[i]! : residual[i]!))
      return payload
    },
    accepted() {
      if (loss === undefined) throw new InvariantError('error feedback: must encode an update before it is accepted.')
      residual.set(loss)
      loss = undefined
    },
    dropped() {
      loss = undefined
    },
    restore(saved) {
      invariant(saved.length === size, `error feedback: must restore ${size} values, got ${saved.length}.`)
      residual.set(saved)
      loss = undefined
    },
  }
}
