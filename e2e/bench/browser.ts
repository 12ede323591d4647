// Builds the benchmark's page and serves it on a port of its own. Every measurement gets a headless Chromium of its own,
// so that first steps are cold and no library finds another's leavings.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'vite'
import { launchChromium, type AdapterChoice } from '../../server/chromium.ts'
import { loadPages } from '../../server/pages.ts'
import type { BenchHost } from './messages.ts'

/** The repository's root: programs are started in it by npm. */
const root = process.cwd()

export async function openBenchPages(adapter: AdapterChoice): Promise<BenchHost> {
  await build({ configFile: join(root, 'vite.config.ts'), mode: 'bench' })
  const pages = loadPages(join(root, 'dist/bench'))
  const server = createServer((request, response) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    if (!pages(new URL(request.url ?? '/', 'http://localhost').pathname, request, response)) response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const run = async (bench: string, options: unknown): Promise<unknown> => {
    const browser = await launchChromium(adapter)
    try {
      const page = await browser.newPage()
      page.on('console', (message) => console.log(message.text()))
      page.on('pageerror', (error) => console.error(`page: ${error.message}`))
      await page.goto(url)
      return await page.evaluate(([name, given]) => (globalThis as unknown as PageGlobals).runBench(name, given), [bench, options] as const)
    } finally {
      await browser.close()
    }
  }
  return { run: run as BenchHost['run'], close: () => void server.close() }
}

/** What page.ts puts into the page's global scope. */
interface PageGlobals {
  runBench(bench: string, options: unknown): Promise<unknown>
}
