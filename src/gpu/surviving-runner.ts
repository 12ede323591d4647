// A runner that outlives its device: it keeps what Programs hold as of some recent moment, and what was done to them since;
// when the device is lost (driver reset, GPU process gone) it opens another, puts all that back and does the rest again.
// Only calls that wait (read, settled) notice; those that enqueue never fail. Volunteers do not need it: their leases begin anew.
import { InvariantError } from '../base/errors.ts'
import { DeviceLostError, type HostArray, type Plan, type Program, type Runner } from '../graph/plan.ts'

/** A browser may have no adapter for some seconds after its GPU process went. */
const PAUSES_MS = [0, 500, 1000, 2000, 4000, 8000]

/** Runs after which `settled` takes a new snapshot: what a loss costs at most, in steps and in kept inputs. */
const SNAPSHOT_EVERY = 64

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
  readonly isRun: boolean
}

class SurvivingProgram implements Program {
  readonly #runner: SurvivingRunner
  readonly #plans: readonly Plan[]
  readonly #persistent: readonly string[]
  #inner: Program
  #snapshot: readonly Float32Array[] | undefined
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
    this.#do({ isRun: false, again: (program) => program.write(allocation, copy) })
  }

  clear(allocation: string): void {
    this.#do({ isRun: false, again: (program) => program.clear(allocation) })
  }

  run(plan: string, inputs: Readonly<Record<string, HostArray>>): void {
    const copies = Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, data.slice()]))
    this.#do({ isRun: true, again: (program) => program.run(plan, copies) })
  }

  read(allocations: readonly string[]): Promise<readonly Float32Array[]> {
    return this.#runner.surviving(() => this.#inner.read(allocations))
  }

  readOutputs(plan: string, names: readonly string[]): Promise<Readonly<Record<string, Float32Array>>> {
    return this.#runner.surviving(() => this.#inner.readOutputs(plan, names))
  }

  async settled(): Promise<void> {
    await this.#runner.surviving(async () => {
      if (this.#journal.filter(({ isRun }) => isRun).length < SNAPSHOT_EVERY) return this.#inner.settled()
      const covered = this.#journal.length
      this.#snapshot = await this.#inner.read(this.#persistent)
      this.#journal = this.#journal.slice(covered)
    })
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
