// Processes that a benchmark starts: a role of this same program, which talks to its parent by messages and ends with it.
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { present } from '../../src/base/errors.ts'

const BENCH = pathToFileURL(join(import.meta.dirname, 'bench.js')).href

/** What a role does with its parent's messages; its own go to `tell`. */
export type Role = (tell: (message: unknown) => void, options: never) => Promise<(message: string) => void | Promise<void>>

export interface Child {
  readonly process: ChildProcess
  /** The next message of the child. */
  hear<T>(): Promise<T>
  tell(message: string): void
  /** Tells it to end, and waits until it has. */
  end(): Promise<void>
}

export function startChild(role: string, options: object): Child {
  // Not as a module: threads inherit the options of their process, and take no such one.
  const script = `process.setSourceMapsEnabled(true); void import(${JSON.stringify(BENCH)}).then(({ child }) => child(${JSON.stringify(role)}, ${JSON.stringify(options)}))`
  const child = spawn(process.execPath, ['--expose-gc', '-e', script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const heard: unknown[] = [], waiting: { resolve: (message: never) => void; reject: (error: Error) => void }[] = []
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  child.on('message', (message) => {
    const next = waiting.shift()
    if (next === undefined) heard.push(message)
    else next.resolve(message as never)
  })
  void exited.then((code) => { for (const { reject } of waiting) reject(new Error(`${role}: must answer, ended with exit code ${code}.`)) })
  return {
    process: child,
    hear: () => heard.length > 0 ? Promise.resolve(heard.shift() as never) : new Promise((resolve, reject) => waiting.push({ resolve, reject })),
    tell: (message) => void child.send(message),
    async end() {
      if (child.connected) child.send('end')
      await exited
    },
  }
}

/** Runs a role in this process, which was started for it. */
export async function playRole(roles: Readonly<Record<string, Role>>, name: string, options: object): Promise<void> {
  const hear = await present(roles[name], `role ${name}`)((message) => process.send?.(message), options as never)
  process.on('message', (message: string) => {
    void Promise.resolve(hear(message)).then(() => { if (message === 'end') process.exit(0) })
  })
  // Nobody is left to tell.
  process.on('disconnect', () => void Promise.resolve(hear('end')).finally(() => process.exit(1)))
  process.send?.('ready')
}
