// Volunteers in Node (`--runner node`): by WebGPU on Dawn or by WebAssembly, each in a process of its own. One that ends is started again.
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Volunteers } from './headless.ts'

export interface NodeVolunteerOptions {
  /** The built program, dist/node/volunteer.js. */
  readonly program: string
  /** Address of the coordinator. */
  readonly url: string
  /** Of several runs they take them in turn. */
  readonly runIds: readonly string[]
  readonly count: number
  /** WASM threads of each. */
  readonly threads?: number
  /** A certificate to trust besides the system's: the coordinator's own. */
  readonly trustedCert?: string
  readonly onTrouble: (message: string) => void
}

const RESTART_DELAY_MS = 2_000
/** Ends this soon, before it can have worked: starting it again will not help. */
const HOPELESS_MS = 5_000
const HOPELESS_TRIES = 3
/** The volunteer's exit code where the machine lacks something, such as a Vulkan driver. */
const CONFIG_ERROR = 2
const KILL_AFTER_MS = 3_000

/** `failed` resolves with what a volunteer said last, once starting one again has become pointless. */
export function startNodeVolunteers(options: NodeVolunteerOptions): Volunteers & { readonly failed: Promise<string> } {
  const children = new Map<number, ChildProcess>()
  let closing = false
  let giveUp: (why: string) => void = () => {}
  const failed = new Promise<string>((resolve) => { giveUp = resolve })

  const start = (index: number, tries: number): void => {
    const startedMs = performance.now()
    const env = { ...process.env, ...(options.trustedCert === undefined ? {} : { NODE_EXTRA_CA_CERTS: options.trustedCert }) }
    const threads = options.threads === undefined ? [] : ['--threads', String(options.threads)]
    // The ipc channel closes when this process ends in whatever way, and tells the volunteer to end too.
    const child = spawn(process.execPath, [options.program, '--url', options.url, '--run', options.runIds[index % options.runIds.length] as string, ...threads], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    children.set(index, child)
    let last = ''
    if (child.stderr !== null) createInterface(child.stderr).on('line', (line) => {
      if (line.trim() === '') return
      last = line
      options.onTrouble(`node volunteer ${index + 1}: ${line}`)
    })
    child.once('exit', (code) => {
      if (closing) return
      const next = performance.now() - startedMs < HOPELESS_MS ? tries + 1 : 0
      if (next >= HOPELESS_TRIES || code === CONFIG_ERROR) return giveUp(last === '' ? `Node volunteers end at once, with exit code ${code}.` : last)
      setTimeout(() => { if (!closing) start(index, next) }, RESTART_DELAY_MS).unref()
    })
  }
  for (let index = 0; index < options.count; index++) start(index, 0)
  return {
    failed,
    async close() {
      closing = true
      await Promise.all([...children.values()].map(endChild))
    },
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
  await ended
  clearTimeout(timer)
}
