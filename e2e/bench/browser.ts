// Builds the benchmark's page, serves it on a port of its own and opens it in a headless Chromium.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'vite'
import { launchChromium, type AdapterChoice } from '../../server/chromium.ts'
import { loadPages } from '../../server/pages.ts'
import type { BenchOptions, KernelsReport, TrainingReport } from './messages.ts'

export interface BenchPage {
  run(bench: 'training' | 'kernels', options: BenchOptions): Promise<TrainingReport | KernelsReport>
  close(): Promise<void>
}

/** The repository's root: programs are started in it by npm. */
const root = process.cwd()

export async function openBenchPage(adapter: AdapterChoice): Promise<BenchPage> {
  const outDir = join(root, 'dist/bench')
  await build({
    configFile: false, root: join(root, 'e2e/bench/page'), logLevel: 'warn', base: './',
    build: { outDir, emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 4_000 },
    worker: { format: 'es' },
  })
  const pages = loadPages(outDir)
  const server = createServer((request, response) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    if (!pages(new URL(request.url ?? '/', 'http://localhost').pathname, request, response)) response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const browser = await launchChromium(adapter)
  const page = await browser.newPage()
  page.on('console', (message) => console.log(message.text()))
  page.on('pageerror', (error) => console.error(`page: ${error.message}`))
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return {
    run: (bench, options) => page.evaluate(([name, given]) => (globalThis as unknown as PageGlobals).runBench(name, given), [bench, options] as const),
    async close() {
      await browser.close()
      server.close()
    },
  }
}

/** What page.ts puts into the page's global scope. */
interface PageGlobals {
  runBench(bench: 'training' | 'kernels', options: BenchOptions): Promise<TrainingReport | KernelsReport>
}
