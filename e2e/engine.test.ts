// The lines of the README that use the engine alone, exactly as they stand there, in Node and in a page.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { Page } from 'playwright'
import { afterEach, expect, it } from 'vitest'
import { endAll, openBrowser, rememberedTuning, ROOT } from './harness.ts'

const lines = /```js\n(import \{ compile \} from 'commonweight\/engine'\n[\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))![1]!
const LEARNED = /^accuracy 0\.9\d+ on .+/

afterEach(endAll)

it('are about ten', () => expect(lines.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(10))

it('train in Node', () => {
  // Inside the package, where it may import itself by its name.
  const folder = join(ROOT, 'test-results')
  mkdirSync(folder, { recursive: true })
  const script = join(folder, 'readme-engine.mjs')
  writeFileSync(script, lines)
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8', timeout: 120_000 })
  expect({ status, stderr: stderr.split('\n').filter((line) => /error/i.test(line)) }).toEqual({ status: 0, stderr: [] })
  expect(stdout).toMatch(LEARNED)
})

/** What the lines print in a page of this context. */
async function printedInPage(tab: Page): Promise<string> {
  const page = `<!doctype html><script type="importmap">{ "imports": { "commonweight/engine": "/browser.js" } }</script><script type="module">${lines}</script>`
  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname
    if (path === '/') return response.setHeader('content-type', 'text/html').end(page)
    if (extname(path) !== '.js' || path.includes('..')) return response.writeHead(404).end()
    return response.setHeader('content-type', 'text/javascript').end(readFileSync(join(ROOT, 'dist/engine', path)))
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  try {
    const printed = tab.waitForEvent('console', { predicate: (message) => message.text().startsWith('accuracy'), timeout: 120_000 })
    const failed = tab.waitForEvent('pageerror', { timeout: 120_000 }).then((error) => { throw error })
    failed.catch(() => {}) // The tab closing ends it too.
    await tab.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
    return (await Promise.race([printed, failed])).text()
  } finally {
    server.close()
  }
}

it('train in a page', async () => {
  const text = await printedInPage(await (await openBrowser()).newPage())
  expect(text).toMatch(LEARNED)
  expect(text).toMatch(/WebAssembly/)
})

it('train in a page on a GPU, where tuning is remembered', async () => {
  const tab = await (await openBrowser()).newPage()
  await tab.addInitScript(disguise)
  const text = await printedInPage(tab)
  expect(text).toMatch(LEARNED)
  expect(text).toMatch(/A person's GPU/)
  expect(await rememberedTuning(tab)).toEqual(expect.arrayContaining([expect.stringMatching(/A person's GPU.* matmul /)]))
})

/** In the page: has the software adapter taken for a GPU. */
function disguise(): void {
  const { gpu } = navigator
  if (gpu === undefined) return
  const request = gpu.requestAdapter.bind(gpu)
  gpu.requestAdapter = async (options) => {
    const adapter = await request(options)
    if (adapter === null) return null
    const info = { vendor: 'test', architecture: '', device: '', description: 'A person\'s GPU', isFallbackAdapter: false }
    return { limits: adapter.limits, features: adapter.features, info, requestDevice: (descriptor) => adapter.requestDevice(descriptor) } as Partial<GPUAdapter> as GPUAdapter
  }
}
