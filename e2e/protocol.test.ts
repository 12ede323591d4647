// A page that was opened before the coordinator was updated: the real page against a coordinator of the next protocol.
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { serve } from '../server/serve.ts'
import { createStubRun } from '../server/stub-run.ts'
import { endAll, openBrowser, openVolunteer, ROOT } from './harness.ts'

vi.mock('../src/wire/messages.ts', async (importActual) => {
  const actual = await importActual<{ readonly PROTOCOL_VERSION: number }>()
  return { ...actual, PROTOCOL_VERSION: actual.PROTOCOL_VERSION + 1 }
})

afterEach(endAll)

it('tells an old page to reload, and lets it', async () => {
  const host = createStubRun('next')
  const served = await serve({
    runs: new Map([['next', host]]), pagesDir: join(ROOT, 'dist/pages'), encodeModel: () => new Uint8Array(), host: '127.0.0.1', port: 0,
    controlToken: 'secret', trustProxy: false, allowedOrigins: [],
  })
  try {
    const page = await openVolunteer(await openBrowser(), `http://localhost:${served.port}/`)
    const main = page.locator('main')
    await expect.poll(() => main.getAttribute('data-state'), { timeout: 30_000 }).toBe('refused')
    expect(await main.getAttribute('data-detail')).toBe('protocol-version')
    expect(host.calls).toEqual([])
    const reload = main.getByRole('button', { name: /reload/i })
    await Promise.all([page.waitForEvent('load'), reload.click()])
    expect(await main.getAttribute('data-state')).toBe('welcome')
  } finally {
    await served.close()
  }
})
