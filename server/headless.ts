// Headless volunteers: tabs of a Chromium of our own that open the volunteer page and press Contribute, as a person would.
// Each has storage of its own and so is a volunteer of its own. A tab or browser that crashes is started again.
import type { Browser, Page } from 'playwright'
import { launchChromium, probeAdapter, type AdapterChoice } from './chromium.ts'

export interface HeadlessOptions {
  /** The volunteer page, on each of several runs: tabs take them in turn. */
  readonly urls: readonly string[]
  readonly count: number
  readonly adapter?: AdapterChoice
  /** Hears, in a sentence for the terminal, what went wrong in a tab. */
  readonly onTrouble: (message: string) => void
}

export interface Volunteers {
  close(): Promise<void>
}

const RESTART_DELAYS_MS = [1_000, 2_000, 5_000, 15_000, 60_000] as const
/** Long enough that an earlier crash says nothing about the next one. */
const HEALTHY_MS = 120_000

/** Resolves when every tab has pressed Contribute. Throws ConfigError where there is no browser. */
export async function startHeadlessVolunteers(options: HeadlessOptions): Promise<Volunteers> {
  const adapter = options.adapter ?? await probeAdapter(new URL('/health', options.urls[0]).href)
  let closing = false
  let restarts = 0
  let browser: Browser | undefined

  const start = async (): Promise<void> => {
    const startedMs = performance.now()
    const launched = await launchChromium(adapter)
    browser = launched
    if (closing) return launched.close()
    launched.once('disconnected', () => {
      if (closing) return
      if (performance.now() - startedMs > HEALTHY_MS) restarts = 0
      restartLater('The browser of the headless volunteers ended')
    })
    for (let index = 0; index < options.count; index++) await openTab(launched, index)
  }

  const openTab = async (from: Browser, index: number): Promise<void> => {
    const context = await from.newContext({ ignoreHTTPSErrors: true, viewport: { width: 800, height: 600 } })
    const page = await context.newPage()
    const name = `headless volunteer ${index + 1}`
    page.on('pageerror', (error) => { if (!closing) options.onTrouble(`${name}: ${error.message}`) })
    page.once('crash', () => {
      if (closing || !from.isConnected()) return
      options.onTrouble(`${name}: its tab crashed; opening another.`)
      void context.close().then(() => openTab(from, index)).catch((error: Error) => { if (!closing) options.onTrouble(`${name}: ${error.message}`) })
    })
    await contribute(page, options.urls[index % options.urls.length] as string)
  }

  const restartLater = (why: string): void => {
    const delayMs = RESTART_DELAYS_MS[Math.min(restarts++, RESTART_DELAYS_MS.length - 1)] as number
    options.onTrouble(`${why}; starting it again in ${delayMs / 1000} s.`)
    setTimeout(() => {
      if (!closing) start().catch((error: Error) => { if (!closing) restartLater(firstLine(error.message)) })
    }, delayMs).unref()
  }

  await start()
  return {
    async close() {
      closing = true
      await browser?.close()
    },
  }
}

/** Opens the volunteer page and presses its button. */
export async function contribute(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.locator('#contribute').click()
}

const firstLine = (text: string): string => text.split('\n')[0] as string
