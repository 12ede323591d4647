// The threads of a Program: the caller's own and its helpers, which share out the parts of one job at a time.
import { InvariantError } from '../base/errors.ts'
import { CONTROL, MOST_PARTS, startHelper, type Helper, type HelperStart } from './helper.ts'
import type { KernelFunction } from './module.ts'

export interface Job {
  /** Number and function of the same kernel step. */
  readonly fn: number
  readonly run: KernelFunction
  readonly args: number
  readonly parts: number
}

export interface Crew {
  readonly threads: number
  /** Returns when all parts are done. */
  run(job: Job): void
  dispose(): void
}

/** One thread: parts one after another. */
export const createSoloCrew = (own: number): Crew => ({
  threads: 1,
  run({ run, args, parts }) {
    for (let part = 0; part < parts; part++) run(args, part, parts, own)
  },
  dispose: () => {},
})

/** Looks at the counter this often before it lets the system have the processor. */
const SPINS = 20_000

/** `start` is what every helper is told, `own` the memory of each thread, the caller's first. Fewer helpers where not all start. */
export async function createCrew(start: Omit<HelperStart, 'own' | 'places'>, own: readonly number[]): Promise<Crew> {
  const started = await Promise.allSettled(own.slice(1).map((address) => startHelper({ ...start, own: address, places: CONTROL })))
  const helpers = started.flatMap((result): Helper[] => (result.status === 'fulfilled' ? [result.value] : []))
  if (helpers.length === 0) return createSoloCrew(own[0]!)
  return new SharedCrew(new Int32Array(start.memory.buffer, start.control, CONTROL.length), helpers, own[0]!)
}

class SharedCrew implements Crew {
  readonly #control: Int32Array<ArrayBuffer>
  readonly #helpers: readonly Helper[]
  readonly #own: number
  #number = 0

  constructor(control: Int32Array<ArrayBuffer>, helpers: readonly Helper[], own: number) {
    this.#control = control
    this.#helpers = helpers
    this.#own = own
  }

  get threads(): number {
    return this.#helpers.length + 1
  }

  run({ fn, run, args, parts }: Job): void {
    if (parts === 1) return run(args, 0, 1, this.#own)
    const control = this.#control
    // A spent ticket: while the fields change, nobody can take a part.
    Atomics.store(control, CONTROL.ticket, (this.#number << 12) | MOST_PARTS)
    Atomics.store(control, CONTROL.parts, parts)
    Atomics.store(control, CONTROL.fn, fn)
    Atomics.store(control, CONTROL.args, args)
    Atomics.store(control, CONTROL.done, 0)
    this.#number = (this.#number + 1) & 0x3ffff
    Atomics.store(control, CONTROL.ticket, this.#number << 12)
    if (Atomics.load(control, CONTROL.asleep) > 0) Atomics.notify(control, CONTROL.ticket)
    for (;;) {
      const ticket = Atomics.load(control, CONTROL.ticket)
      if ((ticket & 4095) >= parts) break
      if (Atomics.compareExchange(control, CONTROL.ticket, ticket, ticket + 1) !== ticket) continue
      run(args, ticket & 4095, parts, this.#own)
      Atomics.add(control, CONTROL.done, 1)
    }
    this.#settle(parts)
  }

  #settle(parts: number): void {
    const control = this.#control
    for (let spins = 0; ; spins++) {
      const done = Atomics.load(control, CONTROL.done)
      if (done === parts) break
      // Nobody notifies: this only gives way for a moment.
      if (spins > SPINS) Atomics.wait(control, CONTROL.done, done, 0.2)
    }
    if (Atomics.load(control, CONTROL.failed) !== 0) throw new InvariantError('WASM helper: must compute its part, got a trap. This is a bug.')
  }

  dispose(): void {
    Atomics.store(this.#control, CONTROL.stop, 1)
    Atomics.notify(this.#control, CONTROL.ticket)
    for (const helper of this.#helpers) helper.terminate()
  }
}
