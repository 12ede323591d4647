// What the end-to-end tests share: a real coordinator in a process of its own, real Chromium tabs, and the dashboard's
// socket as a pair of eyes. Everything started here is ended by `endAll`.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser, Page } from 'playwright'
import { io, type Socket } from 'socket.io-client'
import { launchChromium, type AdapterChoice } from '../server/chromium.ts'
import { contribute } from '../server/headless.ts'
import type { CurvePoint, DashboardEvent, RunStatus } from '../src/wire/dashboard.ts'

/** Tests and programs are started in it by npm. */
export const ROOT = process.cwd()
const PROGRAM = join(ROOT, 'dist/node/commonweight.js')

/** A folder with MNIST's files: DATA_DIR, or the shared data beside the checkout; undefined where there is none. */
export const mnistDir = [process.env['DATA_DIR'], join(ROOT, '../shared/data'), join(ROOT, '../../shared/data')]
  .find((folder) => folder !== undefined && [join(folder, 'mnist'), folder].some((place) => existsSync(join(place, 'train-images-idx3-ubyte.gz')) || existsSync(join(place, 'train-images-idx3-ubyte'))))

const undo: (() => unknown)[] = []

/** For `afterEach`: ends every process, tab and socket, the last one first. */
export async function endAll(): Promise<void> {
  while (undo.length > 0) await undo.pop()?.()
}

export interface Command {
  readonly child: ChildProcess
  /** All it has printed so far. */
  output(): string
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

/** `commonweight ...args`, as a process of its own. */
export function run(...args: readonly string[]): Command {
  const child = spawn(process.execPath, ['--enable-source-maps', PROGRAM, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { output += String(chunk) })
  const ended = new Promise<number | string>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown')))
  undo.push(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  return { child, output: () => output, ended }
}

export interface Coordinator extends Command {
  readonly url: string
  readonly port: number
  readonly token: string
}

export interface CoordinatorOptions {
  /** Name or path. */
  readonly run: string
  readonly stateDir: string
  /** Any free one unless given. */
  readonly port?: number
  /** Without volunteers of its own unless given. */
  readonly args?: readonly string[]
}

export async function startCoordinator({ run: name, stateDir, port = 0, args = ['--volunteers', '0'] }: CoordinatorOptions): Promise<Coordinator> {
  const command = run('start', '--run', name, '--state-dir', stateDir, '--port', String(port), ...args)
  const early = command.ended.then((code): never => { throw new Error(`The coordinator ended with ${code}:\n${command.output()}`) })
  const printed = eventually(() => /Dashboard\s+(https?:\/\/\S+:(\d+))\/dashboard#token=(\S+)/.exec(command.output()) ?? undefined, 180_000).catch((error: Error) => { throw new Error(`${error.message}\nThe coordinator printed:\n${command.output()}`) })
  const address = await Promise.race([printed, early])
  const [, url, listening, token] = address as unknown as readonly [string, string, string, string]
  return { ...command, url, port: Number(listening), token }
}

/** A folder of its own for one test. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'commonweight-e2e-'))

/** Writes a run file: a small digits run with `changes`. Returns its path. */
export function writeRun(folder: string, changes: Readonly<Record<string, unknown>> = {}): string {
  const path = join(folder, 'run.json')
  writeFileSync(path, JSON.stringify({
    name: 'e2e', title: 'A small run for tests', dataset: { name: 'digits', trainExamples: 4_000, testExamples: 500 }, model: 'mnist-mlp', batchSize: 32, epochs: 50,
    strategy: { schedule: { type: 'synchronous', examplesPerRound: 128 }, serverOptimizer: { name: 'adam', learningRate: 0.002 } },
    evaluation: { everyExamples: 2_000 },
    ...changes,
  }))
  return path
}

/** Chromium on the software adapter, which every machine has, or without WebGPU. */
export async function openBrowser(adapter: AdapterChoice = 'software'): Promise<Browser> {
  const browser = await launchChromium(adapter)
  undo.push(() => browser.close())
  return browser
}

/** A tab with storage of its own, on the volunteer page with Contribute pressed. It computes by WebGPU unless told otherwise. */
export async function openVolunteer(browser: Browser, url: string, how = 'runner=gpu'): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  const page = await context.newPage()
  await contribute(page, `${url}?${how}`)
  return page
}

/** Keys of what a page's origin remembers of runners and their tuning. */
export const rememberedTuning = (page: Page): Promise<readonly string[]> => page.evaluate(async () => {
  const settle = <T>(request: IDBRequest<T>): Promise<T> => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error as Error)
  })
  const db = await settle(indexedDB.open('commonweight-tuning'))
  const keys = await settle(db.transaction('rows').objectStore('rows').getAllKeys())
  db.close()
  return keys as string[]
})

export interface Watcher {
  readonly socket: Socket
  status(): RunStatus
  curve(): readonly CurvePoint[]
}

/** Sees a run as the dashboard does, also over restarts of its coordinator. */
export async function watchRun(url: string): Promise<Watcher> {
  const socket = io(`${url}/dashboard`, { transports: ['websocket'], forceNew: true, reconnectionDelayMax: 500, rejectUnauthorized: false })
  undo.push(() => socket.disconnect())
  let status: RunStatus | undefined
  let curve: CurvePoint[] = []
  socket.on('connect', () => socket.emit('watch', {}))
  socket.on('event', (event: DashboardEvent) => {
    if (event.type === 'status') status = event.status
    else curve = event.reset ? [...event.points] : [...curve, ...event.points]
  })
  await eventually(() => status, 20_000)
  return { socket, status: () => status as RunStatus, curve: () => curve }
}

/** What `probe` returns, once that is neither undefined nor false. Throws after `timeoutMs`, quoting the probe. */
export async function eventually<T>(probe: () => T | undefined | false | Promise<T | undefined | false>, timeoutMs: number): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const value = await probe()
    if (value !== undefined && value !== false) return value
    if (performance.now() > deadlineMs) throw new Error(`must come true within ${timeoutMs / 1000} s, and did not: ${probe.toString()}`)
    await delay(50)
  }
}
