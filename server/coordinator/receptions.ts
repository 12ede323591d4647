// Payloads on their way, by lease: each has memory of the run's budget from when it may travel until it is submitted, or until
// its lease ends without.
import type { Numeric } from '../numeric/numeric.ts'
import type { Reception } from '../run-host.ts'

interface OpenReception {
  memory: Uint8Array | undefined
  isOpen: boolean
}

export class Receptions {
  readonly #numeric: Pick<Numeric, 'reserve' | 'release'>
  readonly #open = new Map<string, OpenReception>()

  constructor(numeric: Pick<Numeric, 'reserve' | 'release'>) {
    this.#numeric = numeric
  }

  /** A second one for a lease, after a reconnection, ends the first. */
  async open(leaseId: string, payloadBytes: number): Promise<Reception | undefined> {
    this.#close(leaseId)
    const reception: OpenReception = { memory: undefined, isOpen: true }
    this.#open.set(leaseId, reception)
    const memory = await this.#numeric.reserve(payloadBytes)
    if (!reception.isOpen) {
      this.#numeric.release(memory)
      return undefined
    }
    reception.memory = memory
    return reception as Reception
  }

  /** The payload of this lease is whole. Its memory is the numeric's from now on, if it was taken in. */
  submitted(leaseId: string, takenIn: boolean): void {
    const reception = this.#open.get(leaseId)
    if (takenIn && reception !== undefined) {
      reception.isOpen = false
      this.#open.delete(leaseId)
    } else this.#close(leaseId)
  }

  /** Those whose lease is over: nobody can finish them. */
  closeAllBut(isWanted: (leaseId: string) => boolean): void {
    for (const leaseId of this.#open.keys()) if (!isWanted(leaseId)) this.#close(leaseId)
  }

  #close(leaseId: string): void {
    const reception = this.#open.get(leaseId)
    if (reception === undefined) return
    reception.isOpen = false
    this.#open.delete(leaseId)
    if (reception.memory !== undefined) this.#numeric.release(reception.memory)
  }
}
