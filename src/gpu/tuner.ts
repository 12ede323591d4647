// Chooses a variant for every call: rows that fit, timed on this very adapter, the winner checked against the reference
// and remembered. It knows kernels only as declarations. What is fastest differs several-fold between adapters, and a
// software adapter likes the opposite of what a GPU likes. The first choice is made within a budget, because a person
// waits for it, and on a software adapter without measuring; `improve` goes on where it stopped, when nobody does.
import { InvariantError } from '../base/errors.ts'
import { OutOfMemoryError, type KernelCall } from '../graph/plan.ts'
import type { Dims, GpuCapabilities, Kernel } from '../kernels/kernel.ts'
import { isWrittenFor, worthTiming } from './candidates.ts'
import type { Pipelines } from './pipelines.ts'
import { createBench, timingArrays, type Bench } from './probe.ts'
import { createProofs, type Proofs } from './proofs.ts'
import { costInStep, guessedWork, isHopeless, isMeasured, startersOf, type Candidate, type MeasuredRow } from './row-costs.ts'
import { createStopwatch, type Stopwatch } from './stopwatch.ts'
import { timeVariant } from './timing.ts'
import { byWeight, isUntimed, keyOf, wrongResults, type Choice, type Kind } from './tuning-kind.ts'
import { createTuningMemory, type TuningMemory, type TuningStore } from './tuning-store.ts'
import { largestOf, shaderSources, workspaceOf, type Variant, type WorkspaceSizes } from './wgsl.ts'

export interface TunerOptions {
  readonly device: GPUDevice
  readonly pipelines: Pipelines
  readonly capabilities: GpuCapabilities
  /** Names adapter and driver in keys. */
  readonly fingerprint: string
  readonly store?: TuningStore
  /** False: take the first row that fits, unmeasured (tests). */
  readonly tune?: boolean
  /** Bound on measuring in `choose`, in all. What is left over keeps its likeliest row until `improve`. */
  readonly budgetMs?: number
}

export interface Tuner {
  /** Chooses for each distinct call. `onProgress` hears 0..1 and what is being measured. Throws WrongResultsError where no row computes what its reference does. */
  choose(calls: readonly KernelCall[], onProgress?: (fraction: number, doing: string) => void): Promise<(call: KernelCall) => Choice>
  /** Workspace that the calls, which were chosen for, may need as long as this tuner lives. */
  workspace(calls: readonly KernelCall[]): WorkspaceSizes
  /** Compiles better rows than a quick start took, measures what `choose` left out and proves it right, for about this long; false where nothing is left. Later choices may differ. Throws as `choose`. */
  improve(budgetMs: number): Promise<boolean>
  /** Kinds of calls that are not measured to the end. */
  left(): number
  /** All rows measured so far, for tables. */
  measured(): readonly MeasuredKind[]
}

export interface MeasuredKind {
  readonly kernel: Kernel
  readonly dims: Dims
  /** The fastest first; the winner may be another, which compiles sooner. */
  readonly rows: readonly MeasuredRow[]
}

/** A software adapter would compile on the person's processor what it measures: it takes the likeliest rows, and measures when nobody waits. */
const DEFAULT_BUDGET_MS = { software: 0, gpu: 600 }

/** Kinds that do less than this part of a program's work are not measured while a person waits. */
const LIGHT = 0.01

/** Kinds whose rows a GPU's driver has in hand. */
const KINDS_AHEAD = 3

/** What rows are timed with, and until when. */
interface Timing {
  readonly stopwatch: Stopwatch
  readonly bench: Bench
  readonly deadline: number
}

export function createTuner(options: TunerOptions): Tuner {
  return new KernelTuner(options)
}

class KernelTuner implements Tuner {
  readonly #options: TunerOptions
  readonly #memory: TuningMemory
  readonly #kinds = new Map<string, Kind>()
  readonly #proofs: Proofs
  /** What was timed and is wrong. */
  readonly #wrong = new Set<MeasuredRow>()
  /** Rows were measured since starters were chosen. */
  #startersOld = false
  #budgetMs: number

  constructor(options: TunerOptions) {
    this.#options = options
    this.#proofs = createProofs(options)
    this.#memory = createTuningMemory(options.store, options.fingerprint)
    this.#budgetMs = options.budgetMs ?? DEFAULT_BUDGET_MS[options.capabilities.software ? 'software' : 'gpu']
  }

  async choose(calls: readonly KernelCall[], onProgress?: (fraction: number, doing: string) => void): Promise<(call: KernelCall) => Choice> {
    const { tune = true } = this.#options
    const fresh = this.#add(calls)
    this.#refuseBroken(calls.map(({ kernel, dims }) => this.#kinds.get(keyOf(kernel, dims))!))
    if (tune) await Promise.all(fresh.map((kind) => this.#recall(kind)))
    const total = fresh.reduce((sum, { weight }) => sum + weight, 0)
    const open = fresh.filter((kind) => tune && !kind.done && !kind.seen && kind.variants.length > 1 && kind.weight > LIGHT * total).sort(byWeight)
    const start = performance.now()
    // A GPU's driver compiles beside its work: what is not measured now, and the next kinds' rows. A software adapter's would disturb the timing.
    const { software } = this.#options.capabilities
    if (tune && !software) for (const kind of fresh) if (!open.includes(kind)) this.#compileAhead(kind, [kind.choice.variant])
    const stopwatch = createStopwatch(this.#options.device)
    let ahead = 0
    try {
      for (const [i, kind] of open.entries()) {
        const deadline = start + this.#budgetMs
        if (performance.now() >= deadline) break
        onProgress?.(i / open.length, `tuning ${kind.kernel.name}`)
        for (; !software && ahead < Math.min(open.length, i + KINDS_AHEAD); ahead++) this.#compileAhead(open[ahead]!, this.#likely(open[ahead]!))
        await this.#measure(kind, { stopwatch, deadline, likely: true })
      }
    } finally {
      stopwatch.destroy()
    }
    this.#budgetMs -= performance.now() - start
    if (tune) await Promise.all(fresh.filter(({ done, seen, timed, variants }) => !done && !seen && timed.length === 0 && variants.length > 1).map(({ kernel, dims, choice }) => this.#memory.remember(kernel, dims, { ...choice, complete: false })))
    return (call) => this.#kinds.get(keyOf(call.kernel, call.dims))!.choice
  }

  workspace(calls: readonly KernelCall[]): WorkspaceSizes {
    return largestOf(calls.map(({ kernel, dims }) => {
      const { done, choice, later, variants } = this.#kinds.get(keyOf(kernel, dims))!
      return workspaceOf(dims, done || this.#options.tune === false ? [choice, later ?? choice].map(({ variant }) => variant) : variants)
    }))
  }

  async improve(budgetMs: number): Promise<boolean> {
    if (this.#options.tune === false) return false
    const deadline = performance.now() + budgetMs
    this.#refuseBroken([...this.#kinds.values()])
    for (const kind of this.#started()) {
      const later = kind.later!
      // Where the time is up first, the next visit finds it made.
      if (await before(deadline, this.#options.pipelines.get(kind.kernel, kind.dims, later.variant)) === undefined) return true
      kind.choice = later
      kind.later = undefined
    }
    if (this.#startersOld) await this.#rememberStarters(deadline)
    const stopwatch = createStopwatch(this.#options.device)
    try {
      for (const kind of this.#open()) {
        if (performance.now() >= deadline) break
        await this.#measure(kind, { stopwatch, deadline, likely: false })
      }
    } finally {
      stopwatch.destroy()
    }
    if (this.#startersOld && performance.now() < deadline) await this.#rememberStarters(deadline)
    return this.left() > 0 || this.#startersOld
  }

  #refuseBroken(kinds: readonly Kind[]): void {
    const broken = kinds.find(({ failure }) => failure !== undefined)
    if (broken !== undefined) throw broken.failure
  }

  left(): number {
    return this.#open().length
  }

  measured(): readonly MeasuredKind[] {
    return [...this.#kinds.values()].filter(({ timed }) => timed.length > 0).map(({ kernel, dims, timed }) => ({ kernel, dims, rows: [...timed].sort((a, b) => a.ms - b.ms) }))
  }

  #started(): readonly Kind[] {
    return [...this.#kinds.values()].filter(({ later }) => later !== undefined).sort(byWeight)
  }

  #open(): readonly Kind[] {
    return [...this.#kinds.values()].filter(({ done }) => !done).sort(byWeight)
  }

  /** Kinds that were not known before, with their likeliest row as the choice. */
  #add(calls: readonly KernelCall[]): readonly Kind[] {
    const fresh = new Map<string, Kind>()
    for (const { kernel, dims } of calls) {
      const key = keyOf(kernel, dims)
      if (this.#kinds.has(key) && !fresh.has(key)) continue
      const kind = fresh.get(key) ?? this.#newKind(key, kernel, dims)
      kind.weight += guessedWork(kernel, dims)
      kind.calls++
      fresh.set(key, kind)
      this.#kinds.set(key, kind)
    }
    return [...fresh.values()]
  }

  #newKind(key: string, kernel: Kernel, dims: Dims): Kind {
    const variants = worthTiming(kernel, dims, this.#options.capabilities)
    const variant = variants[0]
    if (variant === undefined) throw new InvariantError(`${kernel.name}: must have a row that fits ${JSON.stringify(dims)}, got none. Add a general algorithm.`)
    return { key, kernel, dims, variants, weight: 0, calls: 0, choice: { variant }, later: undefined, timed: [], best: undefined, starter: undefined, codes: new Map(), next: 0, failure: undefined, done: false, seen: false }
  }

  async #recall(kind: Kind): Promise<void> {
    const known = await this.#memory.recall(kind.kernel, kind.dims, kind.variants)
    if (known === undefined) return
    const { starter, complete, ...best } = known
    kind.choice = starter ?? best
    kind.later = starter === undefined ? undefined : best
    kind.done = complete
    kind.seen = true
    if (isMeasured(best)) kind.best = best
    if (starter !== undefined && isMeasured(starter)) kind.starter = starter
    kind.timed.push(...[kind.best, kind.starter].filter((row) => row !== undefined))
  }

  #compileAhead(kind: Kind, variants: readonly Variant[]): void {
    for (const variant of variants) this.#options.pipelines.get(kind.kernel, kind.dims, variant).catch(() => undefined)
  }

  /** Rows to be tried while a person waits: those written for this sort of adapter, where there are any. */
  #likely({ variants }: Kind): readonly Variant[] {
    const written = variants.filter((variant) => isWrittenFor(variant, this.#options.capabilities))
    return written.length === 0 ? variants : written
  }

  /** Times further rows of a kind until the deadline, and chooses the best that is right. */
  async #measure(kind: Kind, { stopwatch, deadline, likely }: { readonly stopwatch: Stopwatch; readonly deadline: number; readonly likely: boolean }): Promise<void> {
    const bench = kind.variants.length === 1 ? undefined : await this.#bench(kind)
    if (bench === undefined) return this.#prove(kind)
    const variants = likely ? this.#likely(kind) : kind.variants
    try {
      do await this.#timeRows(kind, variants.length, { stopwatch, bench, deadline })
      while (!await this.#settle(kind) && performance.now() < deadline && variants.some((variant) => isUntimed(kind, variant)))
    } finally {
      bench.destroy()
    }
  }

  async #timeRows(kind: Kind, end: number, how: Timing): Promise<void> {
    while (kind.next < end && performance.now() < how.deadline) {
      const variant = kind.variants[kind.next]!
      // What an earlier visit measured is known.
      if (!isHopeless(this.#notWrong(kind), variant) && isUntimed(kind, variant)) {
        const row = await this.#time(kind, variant, how)
        if (row === undefined) return
        kind.timed.push(row)
      }
      kind.next++
    }
  }

  /** Undefined where there is no memory for it beside the Plans': then nothing is measured. */
  async #bench({ kernel, dims, variants }: Kind): Promise<Bench | undefined> {
    const { device, pipelines: { halfMode } } = this.#options
    return createBench(device, { kernel, dims, variants, halfMode, arrays: timingArrays(kernel, dims) }).catch(noMemory)
  }

  /** Where there is nothing to measure, keeps to the likeliest row that is right; where there is no memory for that either, another time. */
  async #prove(kind: Kind): Promise<void> {
    const { kernel, dims, variants } = kind
    for (const variant of new Set([kind.choice.variant, ...variants])) {
      const right = await this.#proofs.isRight(kind, variant).catch(noMemory)
      if (right === undefined) return
      if (!right) continue
      if (variant !== kind.choice.variant) kind.choice = { variant }
      kind.done = true
      if (variants.length === 1) await this.#memory.remember(kernel, dims, { variant, complete: true })
      return
    }
    kind.failure = wrongResults(kind)
    throw kind.failure
  }

  #notWrong({ timed }: Kind): readonly MeasuredRow[] {
    return timed.filter((row) => !this.#wrong.has(row))
  }

  /** Nothing that was timed is right: what was not is likelier to be, though it was passed over beside a wrong one. */
  #passOver(kind: Kind): void {
    if (kind.timed.length === 0) return
    const variant = kind.variants.find((each) => isUntimed(kind, each))
    if (variant === undefined) {
      kind.failure = wrongResults(kind)
      throw kind.failure
    }
    kind.choice = { variant }
    kind.later = undefined
    kind.next = 0
    kind.done = false
  }

  /** Undefined where the deadline came before the row was compiled. */
  async #time(kind: Kind, variant: Variant, { stopwatch, bench, deadline }: Timing): Promise<MeasuredRow | undefined> {
    const { pipelines, capabilities: { software } } = this.#options
    // A software adapter compiles on the processor: what that takes counts, and is measured one by one.
    const compiled = await before(deadline, pipelines.compiled(kind.kernel, kind.dims, variant, { alone: software, deadline }))
    if (compiled === undefined) return undefined
    const made = await pipelines.get(kind.kernel, kind.dims, variant)
    const best = Math.min(Infinity, ...this.#notWrong(kind).map(({ ms }) => ms))
    const ms = await timeVariant(stopwatch, { bench, pipelines: made, variant, software, best, deadline })
    return { variant, ms, compiled, compileMs: compiled.reduce((sum, each) => sum + each.ms, 0) }
  }

  /** False where rows were found wrong: what was passed over beside them may be better than what is left. */
  async #settle(kind: Kind): Promise<boolean> {
    const wrong = this.#wrong.size
    const stepMs = this.#options.capabilities.software ? this.#guessStepMs(kind) : 0
    const best = await this.#bestRight(kind, (row) => costInStep(row, kind.calls, stepMs))
    if (best === undefined) {
      this.#passOver(kind)
      return false
    }
    kind.best = best
    kind.choice = best
    kind.later = undefined
    this.#startersOld = this.#options.capabilities.software && this.#options.store !== undefined
    const settled = this.#wrong.size === wrong
    if (!settled) kind.next = 0
    kind.done = kind.variants.every((variant) => !isUntimed(kind, variant) || isHopeless(this.#notWrong(kind), variant))
    await this.#remember(kind)
    return settled
  }

  /** Later visits begin with the rows that together start soonest. What is left to prove at the deadline is taken up again by the next `improve`. */
  async #rememberStarters(deadline: number): Promise<void> {
    const kinds = [...this.#kinds.values()].map((kind) => ({ kind, calls: kind.calls, candidates: this.#candidates(kind) }))
    for (const [{ kind }, row] of startersOf<MeasuredRow | undefined, typeof kinds[number]>(kinds)) {
      if (row === undefined || row === (kind.starter ?? kind.best)) continue
      const right = await before(deadline, this.#proofs.isRight(kind, row.variant))
      if (right === undefined) return
      if (!right) {
        this.#wrong.add(row)
        return this.#rememberStarters(deadline)
      }
      kind.starter = row
      await this.#remember(kind)
    }
    this.#startersOld = false
  }

  /** What a kind could begin with; what is not measured is computed as it is, by pipelines that others may share. */
  #candidates(kind: Kind): readonly Candidate<MeasuredRow | undefined>[] {
    const rows = this.#notWrong(kind)
    if (kind.best === undefined || rows.length === 0) return [{ row: undefined, ms: 0, compiled: this.#codesOf(kind, kind.choice.variant).map((code) => ({ code, ms: 0 })) }]
    return rows.map((row) => {
      const codes = this.#codesOf(kind, row.variant)
      const length = codes.reduce((sum, code) => sum + code.length, 0)
      return { row, ms: row.ms, compiled: row.compiled ?? codes.map((code) => ({ code, ms: row.compileMs * code.length / length })) }
    })
  }

  #codesOf({ kernel, dims, codes }: Kind, variant: Variant): readonly string[] {
    const known = codes.get(variant) ?? [...new Set(shaderSources(kernel, dims, variant, this.#options.pipelines.halfMode))]
    codes.set(variant, known)
    return known
  }

  #remember({ kernel, dims, best, starter, done }: Kind): Promise<void> {
    return this.#memory.remember(kernel, dims, { ...best!, complete: done, ...(starter === undefined || starter === best ? {} : { starter }) })
  }

  /** The cheapest row that is right. */
  async #bestRight(kind: Kind, cost: (row: MeasuredRow) => number): Promise<MeasuredRow | undefined> {
    for (const row of [...this.#notWrong(kind)].sort((a, b) => cost(a) - cost(b))) {
      if (await this.#proofs.isRight(kind, row.variant)) return row
      this.#wrong.add(row)
    }
    return undefined
  }

  /** The time of all that is loaded, once through, by this kind's own and its share of the work. */
  #guessStepMs(kind: Kind): number {
    const { calls, weight } = kind
    const total = [...this.#kinds.values()].reduce((sum, each) => sum + each.weight, 0)
    return calls * Math.min(...this.#notWrong(kind).map(({ ms }) => ms)) * total / weight
  }
}

function noMemory(error: unknown): undefined {
  if (!(error instanceof OutOfMemoryError)) throw error
}

/** What the promise gives, or undefined once the deadline has come. */
async function before<T>(deadline: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), Math.max(0, deadline - performance.now())) })
  promise.catch(() => undefined)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
