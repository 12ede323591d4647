// The links between a simulated coordinator and its volunteers. A message is late, lost, doubled or overtaken as the seed
// says; a cut takes away one direction or both for a while. A connection that lost something is broken, as TCP's are, but
// neither end knows at once: until then the other direction still carries.
import type { Rng } from '../../src/base/rng.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface NetworkFaults {
  /** Probability that a message is lost. */
  readonly loss?: number
  /** Probability that a message arrives twice. */
  readonly duplicates?: number
  /** Probability that a message is held back for up to two seconds, so that later ones overtake it. */
  readonly reordering?: number
  /** Times that some of the volunteers are cut off. */
  readonly partitions?: number
}

export type Direction = 'up' | 'down'

/** Mean time of a message on its way, and the longest that one is held back, or a broken connection stays unnoticed. */
const DELAY_MS = 20
const HELD_BACK_MS = 2_000
const UNNOTICED_MS = 1_000

export interface Message {
  readonly volunteerId: string
  readonly direction: Direction
  readonly deliver: () => void
  /** Told to the end of the connection that notices first. */
  readonly onLost: () => void
  /** Once and in time, unless it is lost: how connections begin. */
  readonly orderly?: boolean
  readonly meanMs?: number
}

export class SimulatedNetwork {
  readonly #clock: VirtualClock
  readonly #rng: Rng
  readonly #faults: NetworkFaults
  readonly #cuts = new Map<string, Direction | 'both'>()
  faulty = true

  constructor(clock: VirtualClock, rng: Rng, faults: NetworkFaults) {
    this.#clock = clock
    this.#rng = rng
    this.#faults = faults
  }

  /** Takes one message along, or not. */
  carry(message: Message): void {
    const { loss = 0, duplicates = 0, reordering = 0 } = this.#faults
    if (this.#isCut(message) || this.#chance(loss)) {
      this.#clock.after(this.#rng.uniform() * UNNOTICED_MS, message.onLost)
      return
    }
    const copies = message.orderly !== true && this.#chance(duplicates) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const heldBack = message.orderly !== true && this.#chance(reordering) ? this.#rng.uniform() * HELD_BACK_MS : 0
      this.#clock.after(this.#rng.uniform() * 2 * (message.meanMs ?? DELAY_MS) + heldBack, message.deliver)
    }
  }

  /** Plans the cuts of the next `spanMs`: each takes some of the volunteers, and whoever is cut off for long loses the connection. */
  planPartitions(volunteerIds: readonly string[], spanMs: number, lose: (volunteerId: string) => void): void {
    for (let i = 0; i < (this.#faults.partitions ?? 0); i++) {
      const cutOff = volunteerIds.filter(() => this.#rng.uniform() < 0.6)
      const direction = (['up', 'down', 'both'] as const)[this.#rng.integer(3)]!
      const lengthMs = 500 + this.#rng.uniform() * spanMs * 0.4
      this.#clock.after(this.#rng.uniform() * spanMs * 0.8, () => {
        for (const id of cutOff) {
          this.#cuts.set(id, direction)
          // Pings go both ways: one direction is enough for both ends to miss an answer.
          if (lengthMs > UNNOTICED_MS) this.#clock.after((0.5 + this.#rng.uniform() / 2) * UNNOTICED_MS, () => { if (this.#cuts.has(id)) lose(id) })
        }
        this.#clock.after(lengthMs, () => { for (const id of cutOff) this.#cuts.delete(id) })
      })
    }
  }

  #isCut({ volunteerId, direction }: Message): boolean {
    const cut = this.faulty ? this.#cuts.get(volunteerId) : undefined
    return cut === 'both' || cut === direction
  }

  #chance(probability: number): boolean {
    return this.faulty && probability > 0 && this.#rng.uniform() < probability
  }
}
