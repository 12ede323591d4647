// The threads that help a Program: each waits for a job in shared memory and takes parts of it until none is left. Nobody waits
// for a helper that has not begun: what it does not take, others do. So a thread that the system holds back delays little.
//
// `ticket` is the number of the job (upper bits) and of its next part (lower twelve). A part is taken by exchanging the ticket for
// the next one, which fails where another thread was faster or the job has ended, so the fields read before belong to the part.

/** Places in the control block, which is an Int32Array. */
export const CONTROL = { ticket: 0, parts: 1, fn: 2, args: 3, done: 4, asleep: 5, failed: 6, stop: 7, length: 16 } as const

/** Also the part of a spent ticket. */
export const MOST_PARTS = 4095

/** What a helper is told first. */
export interface HelperStart {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  /** Names of functions, by the numbers that jobs call them. */
  readonly functions: readonly string[]
  /** Address of the control block and of this helper's own memory. */
  readonly control: number
  readonly own: number
  readonly places: typeof CONTROL
}

/** Turned into text and run as a worker by browsers and Node alike, so it uses nothing from outside. */
function help(): void {
  interface Port { postMessage(message: unknown): void; close?(): void }
  interface NodeScope { getBuiltinModule(name: string): { parentPort: Port & { once(event: string, heard: (message: HelperStart) => void): void } } }
  const SPINS = 4000
  const work = (start: HelperStart, port: Port): void => {
    const { control: at, own, places, memory } = start
    const control = new Int32Array(memory.buffer, at, places.length)
    const { exports } = new WebAssembly.Instance(start.module, { env: { memory } })
    const functions = start.functions.map((name) => exports[name] as (args: number, part: number, parts: number, own: number) => void)
    port.postMessage('ready')
    let idle = 0
    while (Atomics.load(control, places.stop) === 0) {
      const ticket = Atomics.load(control, places.ticket)
      const part = ticket & 4095, parts = Atomics.load(control, places.parts)
      const fn = Atomics.load(control, places.fn), args = Atomics.load(control, places.args)
      if (part < parts && Atomics.compareExchange(control, places.ticket, ticket, ticket + 1) === ticket) {
        try {
          functions[fn]!(args >>> 0, part, parts, own)
        } catch {
          Atomics.store(control, places.failed, 1)
        }
        Atomics.add(control, places.done, 1)
        idle = 0
      } else if (part >= parts && ++idle > SPINS) {
        Atomics.add(control, places.asleep, 1)
        Atomics.wait(control, places.ticket, ticket, 1000)
        Atomics.sub(control, places.asleep, 1)
        idle = 0
      }
    }
  }
  const scope = globalThis as unknown as { process?: NodeScope; onmessage: unknown; close?: () => void }
  if (typeof scope.process?.getBuiltinModule === 'function') {
    const port = scope.process.getBuiltinModule('node:worker_threads').parentPort
    port.once('message', (start) => work(start, port))
  } else {
    scope.onmessage = ({ data }: { data: HelperStart }) => {
      work(data, globalThis as unknown as Port)
      scope.close?.()
    }
  }
}

export interface Helper {
  terminate(): void
}

interface NodeWorker {
  on(event: string, heard: (value: unknown) => void): void
  postMessage(message: unknown): void
  terminate(): unknown
  unref(): void
}

/** Resolves when the helper is at work. Rejects where workers are not to be had. */
export async function startHelper(start: HelperStart): Promise<Helper> {
  const source = `(${help.toString()})()`
  const node = (globalThis as { process?: { versions?: { node?: string }; getBuiltinModule?: (name: string) => unknown } }).process
  if (node?.versions?.node !== undefined && node.getBuiltinModule !== undefined) {
    const { Worker: ThreadWorker } = node.getBuiltinModule('node:worker_threads') as { Worker: new (source: string, options: { eval: true; execArgv: readonly string[] }) => NodeWorker }
    const worker = new ThreadWorker(source, { eval: true, execArgv: [] })
    worker.unref()
    await ready((event, heard) => worker.on(event, heard), () => worker.postMessage(start))
    return { terminate: () => void worker.terminate() }
  }
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  const worker = new Worker(url)
  await ready((event, heard) => worker.addEventListener(event, (found) => heard(found)), () => worker.postMessage(start))
  URL.revokeObjectURL(url)
  return { terminate: () => worker.terminate() }
}

/** A browser that blocks the worker may say nothing at all. */
const START_MS = 10_000

async function ready(on: (event: string, heard: (value: unknown) => void) => void, begin: () => void): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`worker: must start within ${START_MS / 1000} s, and did not.`)), START_MS)
      on('message', () => resolve())
      on('error', (problem) => reject(problem instanceof Error ? problem : new Error('worker: must start, got an error.')))
      begin()
    })
  } finally {
    clearTimeout(timer)
  }
}
