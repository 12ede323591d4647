// One volunteer of the soak: a tab in a browser of its own, whose processes can be killed, stopped and held back. Signals
// and not DevTools, because freezing or slowing a page by DevTools leaves its workers as they are.
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser, CDPSession, Page } from 'playwright'
import { contribute } from '../../server/headless.ts'
import { openBrowser } from '../harness.ts'
import { layWire, type Wire } from './wire.ts'

/** What one life of the page was told by the coordinator to be accepted. */
export interface Life {
  readonly volunteerId: string
  readonly examples: number
}

/** Out of every tenth of a second, a tab that is held back runs for this long. */
const RUNS_MS = 20
const PERIOD_MS = 100
/** A page that does not answer by then is busy or gone. */
const ANSWER_MS = 2_000
/** For how long loading the page is tried. */
const PATIENCE_MS = 240_000

export class Tab {
  readonly #browser: Browser
  readonly #processes: CDPSession
  readonly #wire: Wire
  #page: Page
  #lives: Life[] = []

  private constructor(browser: Browser, processes: CDPSession, wire: Wire, page: Page) {
    this.#browser = browser
    this.#processes = processes
    this.#wire = wire
    this.#page = page
  }

  /** On the volunteer page of the coordinator at `port`, with Contribute pressed. */
  static async open(port: number): Promise<Tab> {
    const wire = await layWire(port)
    const browser = await openBrowser('none')
    const tab = new Tab(browser, await browser.newBrowserCDPSession(), wire, await newPage(browser))
    await tab.#contribute()
    return tab
  }

  /** Loads the page and presses its button; again and again while the coordinator is down, as a person would. */
  async #contribute(): Promise<void> {
    this.#lives.push({ volunteerId: '', examples: 0 })
    for (const end = performance.now() + PATIENCE_MS; ;) {
      try {
        return await contribute(this.#page, `http://localhost:${this.#wire.port}/?runner=wasm&threads=1`)
      } catch (error) {
        if (performance.now() > end) throw error
        await delay(500)
      }
    }
  }

  /** What the page has been told so far, as far as it answers. */
  async look(): Promise<Life> {
    const answer = this.#page.evaluate(() => ({ volunteerId: sessionStorage.getItem('commonweight-volunteer') ?? '', examples: Number(document.querySelector('main')?.dataset['examples'] ?? 0) }))
    const life = await Promise.race([answer.catch(() => undefined), delay(ANSWER_MS, undefined)])
    const last = this.#lives.length - 1
    if (life !== undefined && life.volunteerId !== '') this.#lives[last] = life
    return this.#lives[last] as Life
  }

  /** All that it has been told; more may have been accepted. */
  get lives(): readonly Life[] {
    return this.#lives
  }

  /** kill -9 of the page's process; another page takes its place later, as another volunteer. */
  async kill(forMs: number): Promise<void> {
    await this.look()
    const crashed = this.#page.waitForEvent('crash', { timeout: 10_000 })
    await this.#signal('SIGKILL')
    await crashed
    await delay(forMs)
    await this.#page.context().close()
    this.#page = await newPage(this.#browser)
    await this.#contribute()
  }

  /** The same volunteer, from the beginning. */
  async reload(): Promise<void> {
    await this.look()
    await this.#contribute()
  }

  /** Nothing of it runs, not even what would answer a ping. */
  async freeze(forMs: number): Promise<void> {
    await this.look()
    await this.#signal('SIGSTOP')
    await delay(forMs)
    await this.#signal('SIGCONT')
  }

  /** A fifth of its speed. */
  async throttle(forMs: number): Promise<void> {
    const pids = await this.#renderers()
    for (const end = performance.now() + forMs; performance.now() < end;) {
      send(pids, 'SIGSTOP')
      await delay(PERIOD_MS - RUNS_MS)
      send(pids, 'SIGCONT')
      await delay(RUNS_MS)
    }
  }

  async slowWire(forMs: number): Promise<void> {
    this.#wire.slow(100, 200_000)
    await delay(forMs)
    this.#wire.mend()
  }

  async cutWire(forMs: number): Promise<void> {
    this.#wire.cut()
    await delay(forMs)
    this.#wire.mend()
  }

  async close(): Promise<void> {
    await this.#browser.close()
    this.#wire.close()
  }

  async #renderers(): Promise<readonly number[]> {
    const { processInfo } = await this.#processes.send('SystemInfo.getProcessInfo')
    return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    send(await this.#renderers(), signal)
  }
}

async function newPage(browser: Browser): Promise<Page> {
  return (await browser.newContext()).newPage()
}

function send(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      // It has ended since it was listed.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
