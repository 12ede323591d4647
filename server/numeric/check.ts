// Whether a payload is what was announced and holds what it may: its hash, its codec's form, finite numbers. The plain way,
// which decodes; kernel-check.ts does the same on the payload as it is.
import { WireError } from '../../src/base/errors.ts'
import type { Codec } from '../../src/codec/codec.ts'
import type { Verdict } from '../coordinator/effects.ts'
import { sha256 } from '../sha256.ts'

export interface CheckSetup {
  readonly codec: Codec
  /** Elements of a payload. */
  readonly payloadSize: number
  readonly bound: number
}

export const WRONG_HASH: Verdict = { ok: false, code: 'wrong-hash', message: 'payload: must have the announced SHA-256; it was damaged on the way.' }
export const NON_FINITE: Verdict = { ok: false, code: 'non-finite', message: 'payload: must hold finite numbers only.' }

/** `values` where the verdict is good: perhaps a view of the payload. */
export function checkPayload({ codec, payloadSize, bound }: CheckSetup, payloadHash: string, payload: Uint8Array): { readonly verdict: Verdict; readonly values?: Float32Array } {
  if (sha256(payload) !== payloadHash) return { verdict: WRONG_HASH }
  try {
    const values = codec.decode(payload, payloadSize)
    const { finite, clamped } = inspect(values, bound)
    return finite ? { verdict: { ok: true, clampedElements: clamped }, values } : { verdict: NON_FINITE }
  } catch (error) {
    if (error instanceof WireError) return { verdict: { ok: false, code: 'malformed', message: error.message } }
    throw error
  }
}

function inspect(values: Float32Array, bound: number): { finite: boolean; clamped: number } {
  let clamped = 0
  // x - x is 0 for finite x and NaN otherwise, so one sum tells of all.
  let nan = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    nan += value - value
    if (value > bound || value < -bound) clamped++
  }
  return { finite: nan === 0, clamped }
}
