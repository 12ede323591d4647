// A simulated volunteer: the session and trainer of a real one, with a device and a connection that take virtual time. Now
// and then it disappears in the middle of a lease, like a closed tab, and comes back later with what it had stored.
import type { Clock } from '../../src/base/clock.ts'
import type { Lease, ToVolunteer } from '../../src/wire/messages.ts'
import { memoryStore, type ByteStore } from '../../src/volunteer/byte-store.ts'
import type { compileRun } from '../../src/volunteer/compiled-run.ts'
import { createFiles } from '../../src/volunteer/files.ts'
import { VolunteerMemory } from '../../src/volunteer/memory.ts'
import { Session } from '../../src/volunteer/session.ts'
import { createTrainer } from '../../src/volunteer/trainer.ts'
import type { Outcome, Trainer, WorkHooks } from '../../src/volunteer/trainer-port.ts'
import type { RunHost } from '../run-host.ts'
import type { Conspiracy } from './conspiracy.ts'
import type { DeviceShop } from './device.ts'
import { createSimulatedLink } from './link.ts'
import type { Traits, World } from './world.ts'

export interface VolunteerSurroundings {
  readonly host: RunHost
  readonly clock: Clock
  readonly world: World
  readonly devices: DeviceShop
  readonly compile: typeof compileRun
  /** Of all of them: what outlives a tab. */
  readonly states: ByteStore
  /** Where there are attackers. */
  readonly conspiracy: Conspiracy | undefined
  /** Whoever has a lease of one of these attacks in it, besides those whose trait it is. */
  readonly attackedShards: ReadonlySet<number>
  readonly onDropout: () => void
  readonly onRelease: (reason: string) => void
  /** The session ended by itself, which nothing in a simulation excuses. */
  readonly onFailure: (message: string) => void
}

/** Shards are kept by reference: everybody has room for all. */
const CACHE_BYTES = Infinity
/** A closed tab is noticed at once, a lost network when pings stay unanswered. */
const MOST_NOTICE_MS = 30_000

export class SimulatedVolunteer {
  readonly traits: Traits
  readonly #around: VolunteerSurroundings
  /** Raised at every disappearance: what an earlier tab would still do is not done. */
  #life = 0
  readonly #cache = memoryStore(CACHE_BYTES)
  #cancelNotice: () => void = () => {}
  #lease: Lease | undefined
  /** In the lease that it computes. */
  #attacking = false

  constructor(traits: Traits, around: VolunteerSurroundings) {
    this.traits = traits
    this.#around = around
  }

  /** Opens the page. */
  arrive(): void {
    const { traits } = this
    const { host, compile, devices, states, conspiracy } = this.#around
    const clock = this.#clockOf(++this.#life)
    const link = createSimulatedLink({
      host, clock, traits, onRelease: this.#around.onRelease,
      onMessage: (message) => this.#heard(message),
    })
    const relabel = conspiracy === undefined ? undefined : (label: number) => (this.#attacking ? conspiracy.relabel(label) : label)
    const trainer = createTrainer({
      files: createFiles(link, this.#cache), clock, compile,
      memory: new VolunteerMemory({ volunteerId: traits.id, store: states, maxHeldBytes: 0 }),
      createRunner: async () => devices.open({ clock, examplesPerSecond: traits.examplesPerSecond, relabel }),
    })
    const session: Session = new Session({
      volunteerId: traits.id, runId: host.runId, link, clock, trainer: conspiracy === undefined ? trainer : conspiring(trainer, conspiracy, (lease) => (this.#attacking = this.#attacks(lease))),
      onChange: () => {
        const { session: state } = session.view()
        if (state.state === 'failed' || state.state === 'refused') this.#around.onFailure(`${traits.id}: ${state.message}`)
      },
    })
    this.#cancelNotice()
    void session.start()
  }

  /** Time as one tab sees it: it stands still once the tab is gone. */
  #clockOf(life: number): Clock {
    const { clock } = this.#around
    return { now: () => clock.now(), after: (delayMs, run) => clock.after(delayMs, () => { if (life === this.#life) run() }) }
  }

  #heard(message: ToVolunteer): void {
    if (message.type === 'grant') this.#lease = message.lease
    if (message.type !== 'grant' || message.lease.kind !== 'train' || this.traits.rng.uniform() >= this.traits.dropout) return
    this.#clockOf(this.#life).after(this.traits.rng.uniform() * this.#expectedMs(message.lease), () => this.#disappear())
  }

  /** Roughly how long a lease takes here. */
  #expectedMs({ numExamples }: Lease): number {
    const { local } = this.#around.host.config.strategy
    const passes = local.type === 'epochs' ? local.epochs : 1
    return (numExamples * passes * 1000) / this.traits.examplesPerSecond
  }

  #attacks({ work }: Lease): boolean {
    return this.traits.attacker || work.slices.some(({ shard }) => this.#around.attackedShards.has(shard))
  }

  #disappear(): void {
    const { clock, host, world, conspiracy, onDropout } = this.#around
    const { id, rng } = this.traits
    this.#life++
    // Nobody waits for what a tab that is gone was computing.
    if (this.#lease !== undefined) conspiracy?.ended(this.#lease.modelVersion, this.#lease.leaseId)
    onDropout()
    this.#cancelNotice = clock.after(rng.uniform() * MOST_NOTICE_MS, () => host.leave(id))
    clock.after(-Math.log(1 - rng.uniform()) * world.awaySeconds * 1000, () => this.arrive())
  }
}

/** A trainer whose honest updates the attackers come to know, and that is one of them where it `attacks`. */
function conspiring(trainer: Trainer, conspiracy: Conspiracy, attacks: (lease: Lease) => boolean): Trainer {
  return {
    get bytesDown() { return trainer.bytesDown },
    get adapter() { return trainer.adapter },
    open: () => trainer.open(),
    prepare: (welcome, onProgress) => trainer.prepare(welcome, onProgress),
    dispose: () => trainer.dispose(),
    async work(lease: Lease, hooks: WorkHooks): Promise<Outcome> {
      const { modelVersion, leaseId, kind } = lease
      if (kind !== 'train') return trainer.work(lease, hooks)
      if (attacks(lease)) {
        const outcome = await trainer.work(lease, hooks)
        return outcome.kind !== 'train' ? outcome : { ...outcome, gradient: await conspiracy.forge(modelVersion, outcome.gradient, hooks.signal) }
      }
      conspiracy.began(modelVersion, leaseId)
      hooks.signal.addEventListener('abort', () => conspiracy.ended(modelVersion, leaseId), { once: true })
      const outcome = await trainer.work(lease, hooks)
      conspiracy.ended(modelVersion, leaseId, outcome.kind === 'train' ? outcome.gradient : undefined)
      return outcome
    },
  }
}
