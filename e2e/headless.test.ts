// Headless volunteers on the real page, before a run that only listens: distinct volunteers, back again after a crash.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startHeadlessVolunteers } from '../server/headless.ts'
import { serve, type Served } from '../server/serve.ts'
import { createStubRun, type StubRun } from '../server/stub-run.ts'
import { ROOT } from './harness.ts'

let host: StubRun
let served: Served

beforeEach(async () => {
  host = createStubRun('listening')
  served = await serve({
    runs: new Map([['listening', host]]), pagesDir: join(ROOT, 'dist/pages'), encodeModel: () => new Uint8Array(), host: '127.0.0.1', port: 0,
    controlToken: 'secret', trustProxy: false, allowedOrigins: [],
  })
})
afterEach(() => served.close())

const joins = (): readonly string[] => host.calls.filter((call) => call.startsWith('join '))

it('are as many volunteers as asked for, and leave when closed', async () => {
  const troubles: string[] = []
  const volunteers = await startHeadlessVolunteers({ urls: [`http://localhost:${served.port}/`], count: 3, adapter: 'software', onTrouble: (message) => troubles.push(message) })
  await expect.poll(() => new Set(joins()).size, { timeout: 30_000 }).toBe(3)
  await volunteers.close()
  await expect.poll(() => host.calls.filter((call) => call.startsWith('leave ')).length).toBe(3)
  expect(troubles).toEqual([])
})

it.skipIf(process.platform !== 'linux')('come back when their browser crashes', async () => {
  const troubles: string[] = []
  const volunteers = await startHeadlessVolunteers({ urls: [`http://localhost:${served.port}/`], count: 1, adapter: 'software', onTrouble: (message) => troubles.push(message) })
  try {
    await expect.poll(() => joins().length, { timeout: 30_000 }).toBe(1)
    for (const pid of browsersOf(process.pid)) process.kill(pid, 'SIGKILL')
    await expect.poll(() => joins().length, { timeout: 30_000 }).toBe(2)
    expect(troubles).toEqual([expect.stringContaining('starting it again in 1 s')])
  } finally {
    await volunteers.close()
  }
})

/** Chromium's main processes below `parent`, from /proc: not every machine has ps. */
function browsersOf(parent: number): readonly number[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8')
    } catch {
      return '' // It has ended since the folder was listed.
    }
  }
  const isBrowser = (pid: string): boolean => read(pid, 'stat').replace(/^.*\) /, '').split(' ')[1] === String(parent) && read(pid, 'cmdline').includes('--remote-debugging-pipe')
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isBrowser(name)).map(Number)
}
