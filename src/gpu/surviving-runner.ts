// A runner that outlives its device: it keeps what Programs hold as of some recent moment, and what was done to them since;
// when the device is lost (driver reset, GPU process gone) it opens another, puts all that back and does the rest again.
// Only calls that wait (read, settled) notice; those that enqueue never fail. Volunteers do not need it: their leases begin anew.
import { InvariantError, present } from '../base/errors.ts'
import { DeviceLostError, type HostArray, type Plan, type Program, type Runner } from '../graph/plan.ts'

/** A browser may have no adapter for some seconds after its GPU process went. */
const PAUSES_MS = [0, 500, 1000, 2000, 4000, 8000]

/** Runs after which `settled` takes a new snapshot: what a loss costs at most, in steps and in kept inputs. */
export const SNAPSHOT_EVERY = 64

export interface SurvivalOptions {
  /** Milliseconds before each attempt to get a device again. */
  readonly pausesMs?: readonly number[]
}

/** `create` opens a runner on a device, the first one and each that takes the place of a lost one. */
export async function createSurvivingRunner(create: () => Promise<Runner>, { pausesMs = PAUSES_MS }: SurvivalOptions = {}): Promise<Runner> {
  return new SurvivingRunner(create, await create(), pausesMs)
}

type OnProgress = (fraction: number, doing: string) => void

class SurvivingRunner implements Runner {
  readonly #create: () => Promise<Runner>
  readonly #pausesMs: readonly number[]
  readonly #programs = new Set<SurvivingProgram>()
  #inner: Runner
  #recovery: Promise<void> | undefined
  #disposed = false
  #giveUp: (reason: string) => void = () => {}
  readonly lost = new Promise<string>((resolve) => { this.#giveUp = resolve })

  constructor(create: () => Promise<Runner>, inner: Runner, pausesMs: readonly number[]) {
    this.#pausesMs = pausesMs
    this.#create = create
    this.#inner = inner
  }

  get adapter(): Runner['adapter'] {
    return this.#inner.adapter
  }

  load(plans: readonly Plan[], onProgress?: OnProgress): Promise<Program> {
    return this.surviving(async () => {
      const program = new SurvivingProgram(this, plans, await this.#inner.load(plans, onProgress))
      this.#programs.add(program)
      return program
    })
  }

  dispose(): void {
    this.#disposed = true
    this.#inner.dispose()
    this.#giveUp('disposed')
  }

  forget(program: SurvivingProgram): void {
    this.#programs.delete(program)
  }

  /** Does `work`, again on a new device each time one is lost meanwhile. */
  async surviving<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.#recovery
      const inner = this.#inner
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof DeviceLostError) || this.#disposed) throw error
        if (inner === this.#inner) await (this.#recovery ??= this.#recover().finally(() => { this.#recovery = undefined }))
      }
    }
  }

  async #recover(): Promise<void> {
    let lastError: unknown
    for (const pauseMs of this.#pausesMs) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
      if (this.#disposed) throw new DeviceLostError('runner: must not be used after dispose.')
      try {
        this.#inner.dispose()
        this.#inner = await this.#create()
        for (const program of this.#programs) await program.restore(this.#inner)
        return
      } catch (error) {
        if (error instanceof InvariantError) throw error
        lastError = error
      }
    }
    const reason = lastError instanceof Error ? lastError.message : String(lastError)
    this.#giveUp(reason)
    throw new Error(`GPU device: must come back after it was lost, got ${reason}`, { cause: lastError })
  }
}

/** Something that was done to a Program and can be done again. */
interface Entry {
  readonly again: (program: Program) => void
  /** Of what was run, if that is what was done. */
  readonly plan?: string
}

type Outputs = Readonly<Record<string, Float32Array>>

class SurvivingProgram implements Program {
  readonly #runner: SurvivingRunner
  readonly #plans: readonly Plan[]
  readonly #persistent: readonly string[]
  #inner: Program
  #snapshot: readonly Float32Array[] | undefined
  /** Outputs of each Plan's last run before the snapshot: that run is not done again. */
  readonly #outputs = new Map<string, Outputs>()
  /** Everything since the snapshot, or since the Program was loaded. */
  #journal: Entry[] = []

  constructor(runner: SurvivingRunner, plans: readonly Plan[], inner: Program) {
    this.#runner = runner
    this.#plans = plans
    this.#persistent = [...new Set(plans.flatMap(({ allocations }) => allocations.filter(({ role }) => role === 'persistent').map(({ name }) => name)))]
    this.#inner = inner
  }

  get bytes(): number {
    return this.#inner.bytes
  }

  write(allocation: string, data: HostArray): void {
    const copy = data.slice()
    this.#do({ again: (program) => program.write(allocation, copy) })
  }

  clear(allocation: string): void {
    this.#do({ again: (program) => program.clear(allocation) })
  }

  run(plan: string, inputs: Readonly<Record<string, HostArray>>): void {
    const copies = Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, data.slice()]))
    this.#do({ plan, again: (program) => program.run(plan, copies) })
  }

  read(allocations: readonly string[]): Promise<readonly Float32Array[]> {
    return this.#runner.surviving(() => this.#inner.read(allocations))
  }

  readOutputs(plan: string, names: readonly string[]): Promise<Outputs> {
    return this.#runner.surviving(async () => {
      const kept = this.#journal.some((entry) => entry.plan === plan) ? undefined : this.#outputs.get(plan)
      if (kept === undefined) return this.#inner.readOutputs(plan, names)
      return Object.fromEntries(names.map((name) => [name, present(kept[name], `output "${name}" of plan "${plan}"`).slice()]))
    })
  }

  async settled(): Promise<void> {
    await this.#runner.surviving(() => (this.#journal.filter(({ plan }) => plan !== undefined).length < SNAPSHOT_EVERY ? this.#inner.settled() : this.#snap()))
  }

  async compiled(): Promise<void> {
    await this.#runner.surviving(async () => this.#inner.compiled?.())
  }

  async improve(budgetMs: number): Promise<boolean> {
    return this.#runner.surviving(async () => await this.#inner.improve?.(budgetMs) ?? false)
  }

  dispose(): void {
    this.#runner.forget(this)
    this.#inner.dispose()
  }

  /** Puts everything back on a new device. */
  async restore(runner: Runner): Promise<void> {
    this.#inner = await runner.load(this.#plans)
    this.#snapshot?.forEach((data, i) => this.#inner.write(this.#persistent[i]!, data))
    for (const { again } of this.#journal) again(this.#inner)
    await this.#inner.settled()
  }

  async #snap(): Promise<void> {
    const last = this.#journal.at(-1)!
    const ran = new Set(this.#journal.map(({ plan }) => plan))
    const giving = this.#plans.filter(({ name, outputs }) => ran.has(name) && Object.keys(outputs).length > 0)
    const [persistent, ...outputs] = await Promise.all([
      this.#inner.read(this.#persistent),
      ...giving.map(async ({ name, outputs }) => [name, await this.#inner.readOutputs(name, Object.keys(outputs))] as const),
    ])
    const covered = this.#journal.indexOf(last) + 1
    if (covered === 0) return // Somebody else waited too, and has taken a later snapshot.
    this.#snapshot = persistent
    for (const [name, values] of outputs) this.#outputs.set(name, values)
    this.#journal = this.#journal.slice(covered)
  }

  #do(entry: Entry): void {
    this.#journal.push(entry)
    try {
      entry.again(this.#inner)
    } catch (error) {
      // Done again, with the rest of the journal, as soon as somebody waits.
      if (error instanceof DeviceLostError) return
      this.#journal.pop()
      throw error
    }
  }
}
