// Lease ids that were seen, a bit for each: a run of months has tens of millions, more than a Set holds.
import { invariant } from '../../src/base/errors.ts'

/** A coordinator that granted 10,000 leases a second would need five days for so many in one incarnation. */
const MOST_GRANTS = 2 ** 32

export class LeaseSet {
  readonly #bits = new Map<number, Uint8Array>()

  /** False where it was there before. */
  add(leaseId: string): boolean {
    const [incarnation = NaN, grant = NaN] = leaseId.split('-').map(Number)
    invariant(Number.isSafeInteger(incarnation) && Number.isSafeInteger(grant) && grant > 0 && grant < MOST_GRANTS, `lease id: must be incarnation-grant, got "${leaseId}".`)
    const at = Math.floor(grant / 8), bit = 1 << (grant % 8)
    let bits = this.#bits.get(incarnation)
    if (bits === undefined || bits.length <= at) {
      const larger = new Uint8Array(Math.max(64, 2 * at))
      if (bits !== undefined) larger.set(bits)
      this.#bits.set(incarnation, bits = larger)
    }
    const known = (bits[at]! & bit) !== 0
    bits[at]! |= bit
    return !known
  }
}
