// The devices of all simulated volunteers: their arithmetic is done for real, by one WASM program in one memory, but takes
// the virtual time that each one's speed gives it. What a device is asked for waits until it must be known, so that a lease
// is computed in one go and one that is given up mostly not at all; then the device's persistent memory is put in place of
// the last one's.
import type { Clock } from '../../src/base/clock.ts'
import { present } from '../../src/base/errors.ts'
import type { HostArray, Plan, Program, Runner } from '../../src/graph/plan.ts'
import { createWasmRunner } from '../../src/wasm/runner.ts'

export interface DeviceOptions {
  readonly clock: Clock
  readonly examplesPerSecond: number
  /** What it takes the labels of training examples for. */
  readonly relabel?: ((label: number) => number) | undefined
}

/** Makes devices that share one program for each set of Plans. */
export interface DeviceShop {
  open(options: DeviceOptions): Runner
}

type Inputs = Readonly<Record<string, HostArray>>
type Command = { readonly type: 'write'; readonly name: string; readonly data: HostArray } | { readonly type: 'clear'; readonly name: string } | { readonly type: 'run'; readonly plan: string; readonly inputs: Inputs }

/** Inputs that may wait on one device. */
const MOST_WAITING_BYTES = 2 * 2 ** 20

/** Plans in the memory that all devices share. */
interface Bench {
  readonly plans: readonly Plan[]
  readonly program: Program
  readonly persistent: readonly string[]
  /** Operations of a run, and of one training example. */
  readonly flops: ReadonlyMap<string, number>
  readonly flopsPerExample: number
  /** Whose contents the persistent memory has. */
  owner: SimulatedProgram | undefined
  /** One at a time. */
  turn: Promise<unknown>
  /** Programs that were not disposed of: those of tabs that disappeared remain. */
  users: number
}

export async function createDeviceShop(): Promise<DeviceShop> {
  const runner = await createWasmRunner({ threads: 1 })
  const benches: Bench[] = []
  const benchOf = async (plans: readonly Plan[]): Promise<Bench> => {
    const known = benches.find((bench) => bench.plans.length === plans.length && bench.plans.every((plan, i) => plan === plans[i]))
    if (known !== undefined) return known
    const bench = describe(plans, await runner.load(plans))
    benches.push(bench)
    return bench
  }
  /** What only a diagnosis needed goes with it. */
  const leave = (bench: Bench): void => {
    if (--bench.users > 0) return
    benches.splice(benches.indexOf(bench), 1)
    bench.program.dispose()
  }
  return {
    open: (options) => ({
      adapter: { ...runner.adapter, name: 'simulated' },
      async load(plans, onProgress) {
        const bench = await benchOf(plans)
        bench.users++
        onProgress?.(1, 'ready')
        return new SimulatedProgram(bench, options, () => leave(bench))
      },
      lost: new Promise(() => {}),
      dispose: () => {},
    }),
  }
}

function describe(plans: readonly Plan[], program: Program): Bench {
  const flops = new Map(plans.map((plan) => [plan.name, plan.calls.reduce((sum, { kernel, dims }) => sum + kernel.flops(dims), 0)]))
  const persistent = [...new Set(plans.flatMap(({ allocations }) => allocations.filter(({ role }) => role === 'persistent').map(({ name }) => name)))]
  const first = present(plans[0], 'plan')
  const batch = first.inputs['x']?.shape[0] ?? 1
  return { plans, program, persistent, flops, flopsPerExample: present(flops.get(first.name), 'flops') / batch, owner: undefined, turn: Promise.resolve(), users: 0 }
}

class SimulatedProgram implements Program {
  readonly #bench: Bench
  readonly #options: DeviceOptions
  #commands: Command[] = []
  #waitingBytes = 0
  #busyUntilMs = 0
  /** Persistent memory, while another device's is in its place; undefined: all zeros. */
  #contents: readonly Float32Array[] | undefined
  readonly #onDispose: () => void

  constructor(bench: Bench, options: DeviceOptions, onDispose: () => void) {
    this.#bench = bench
    this.#options = options
    this.#onDispose = onDispose
  }

  get bytes(): number {
    return this.#bench.program.bytes
  }

  write(name: string, data: HostArray): void {
    this.#commands.push({ type: 'write', name, data: data.slice() })
  }

  clear(name: string): void {
    this.#commands.push({ type: 'clear', name })
  }

  run(plan: string, inputs: Inputs): void {
    const copy = Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, name === 'labels' && plan !== 'evaluate' ? this.#relabelled(data) : data.slice()]))
    this.#commands.push({ type: 'run', plan, inputs: copy })
    for (const data of Object.values(copy)) this.#waitingBytes += data.byteLength
    const { clock, examplesPerSecond } = this.#options
    const examples = present(this.#bench.flops.get(plan), `plan ${plan}`) / this.#bench.flopsPerExample
    this.#busyUntilMs = Math.max(clock.now(), this.#busyUntilMs) + (examples / examplesPerSecond) * 1000
  }

  async read(names: readonly string[]): Promise<readonly Float32Array[]> {
    await this.#idle()
    return this.#inPlace((program) => program.read(names))
  }

  async readOutputs(plan: string, names: readonly string[]): Promise<Readonly<Record<string, Float32Array>>> {
    await this.#idle()
    return this.#inPlace((program) => program.readOutputs(plan, names))
  }

  async settled(): Promise<void> {
    await this.#idle()
    if (this.#waitingBytes > MOST_WAITING_BYTES) await this.#inPlace(async () => {})
  }

  dispose(): void {
    this.#commands = []
    this.#contents = undefined
    if (this.#bench.owner === this) this.#bench.owner = undefined
    this.#onDispose()
  }

  #relabelled(labels: HostArray): HostArray {
    const { relabel } = this.#options
    return relabel === undefined ? labels.slice() : labels.map((label) => relabel(label))
  }

  /** Resolves when the device would be done. */
  #idle(): Promise<void> {
    const { clock } = this.#options
    const leftMs = this.#busyUntilMs - clock.now()
    return leftMs <= 0 ? Promise.resolve() : new Promise((resolve) => { clock.after(leftMs, resolve) })
  }

  /** Carries out what waits, and calls `then` with the program while its memory is this device's. */
  #inPlace<T>(then: (program: Program) => Promise<T>): Promise<T> {
    const turn = this.#bench.turn.then(async () => {
      await this.#takeOver()
      this.#carryOut()
      return then(this.#bench.program)
    })
    this.#bench.turn = turn
    return turn
  }

  async #takeOver(): Promise<void> {
    const { owner, program, persistent } = this.#bench
    if (owner === this) return
    if (owner !== undefined) owner.#contents = await program.read(persistent)
    this.#bench.owner = this
    persistent.forEach((name, i) => {
      const contents = this.#contents?.[i]
      if (contents === undefined) program.clear(name)
      else program.write(name, contents)
    })
    this.#contents = undefined
  }

  #carryOut(): void {
    const { program } = this.#bench
    for (const command of this.#commands) {
      switch (command.type) {
        case 'write': program.write(command.name, command.data); break
        case 'clear': program.clear(command.name); break
        case 'run': program.run(command.plan, command.inputs); break
      }
    }
    this.#commands = []
    this.#waitingBytes = 0
  }
}
