// Both pages on a run that is really training: Pause and Stop within a second, two tabs that are two volunteers, the
// dashboard's curves, control with and without the token, and the box that reads a digit.
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endAll, eventually, openBrowser, openVolunteer, startCoordinator, temporaryFolder, watchRun, writeRun, type Coordinator, type Watcher } from './harness.ts'

let coordinator: Coordinator
let watcher: Watcher
let browser: Browser
let volunteer: Page
const problems: string[] = []

beforeAll(async () => {
  const folder = temporaryFolder()
  coordinator = await startCoordinator({ run: writeRun(folder), stateDir: join(folder, 'state') })
  watcher = await watchRun(coordinator.url)
})
afterAll(endAll)

async function open(path: string): Promise<Page> {
  const page = await volunteer.context().newPage()
  page.on('pageerror', (error) => problems.push(error.message))
  await page.goto(coordinator.url + path)
  return page
}

const stateOf = (page: Page): Promise<string | null> => page.locator('main').getAttribute('data-state')

async function secondsUntil(page: Page, state: string): Promise<number> {
  const from = performance.now()
  await eventually(async () => await stateOf(page) === state, 10_000)
  return (performance.now() - from) / 1000
}

describe('the volunteer page', () => {
  it('computes nothing before Contribute, and then does', async () => {
    browser = await openBrowser()
    const context = await browser.newContext()
    volunteer = await context.newPage()
    volunteer.on('pageerror', (error) => problems.push(error.message))
    volunteer.on('console', (message) => { if (message.text().includes('Content Security Policy')) problems.push(message.text()) })
    await volunteer.goto(coordinator.url)
    await volunteer.waitForTimeout(1_000)
    expect(volunteer.workers()).toEqual([])
    expect(watcher.status().volunteers).toEqual([])
    expect(await volunteer.evaluate(() => crossOriginIsolated)).toBe(true)
    await volunteer.locator('#contribute').click()
    await eventually(() => (watcher.status().volunteers[0]?.acceptedLeases ?? 0) > 2, 60_000)
    await eventually(async () => Number(await volunteer.locator('main').getAttribute('data-leases')) > 2, 10_000)
  })

  it('counts a second tab of the same browser as another volunteer', async () => {
    const other = await open('/')
    await other.locator('#contribute').click()
    await eventually(() => watcher.status().volunteers.filter(({ connected, acceptedLeases }) => connected && acceptedLeases > 0).length === 2, 60_000)
    await other.close()
    await eventually(() => watcher.status().volunteers.filter(({ connected }) => connected).length === 1, 10_000)
  })

  it('pauses, resumes and stops within a second', async () => {
    await eventually(async () => await stateOf(volunteer) === 'leased', 20_000)
    await volunteer.locator('#pause').click()
    expect(await secondsUntil(volunteer, 'paused')).toBeLessThan(1)
    // The lease goes back at once, and no other is granted.
    await eventually(() => watcher.status().volunteers.find(({ connected }) => connected)?.activity === 'idle', 3_000)
    await volunteer.locator('#resume').click()
    await eventually(async () => await stateOf(volunteer) === 'leased', 20_000)
    await volunteer.locator('#stop').click()
    expect(await secondsUntil(volunteer, 'stopped')).toBeLessThan(1)
    await eventually(() => watcher.status().volunteers.every(({ connected }) => !connected), 5_000)
    await eventually(() => volunteer.workers().length === 0, 5_000)
  })
})

describe('the dashboard', () => {
  it('shows the curves and the state, and nothing to press without the token', async () => {
    const worker = await openVolunteer(browser, coordinator.url)
    const page = await open('/dashboard')
    await eventually(async () => Number(await page.locator('main').getAttribute('data-points')) > 2, 60_000)
    await eventually(async () => await stateOf(page) === 'running', 10_000)
    expect(await page.locator('canvas').count()).toBeGreaterThan(0)
    expect(await page.locator('#pause').count()).toBe(0)
    for (const width of [1440, 1280, 1000, 700, 390]) {
      await page.setViewportSize({ width, height: 800 })
      await page.waitForTimeout(300)
      const height = (): Promise<number> => page.locator('.charts').evaluate((charts) => charts.getBoundingClientRect().height)
      const before = await height()
      await page.waitForTimeout(500)
      expect(await height(), `height of the charts at ${width} pixels`).toBe(before)
      expect(await page.evaluate(() => document.documentElement.scrollWidth), 'nothing to scroll sideways').toBeLessThanOrEqual(width)
    }
    await page.close()
    await worker.close()
  })

  it('controls the run with the token of the printed address, which it hides', async () => {
    const worker = await openVolunteer(browser, coordinator.url)
    const page = await open(`/dashboard#token=${coordinator.token}`)
    expect(page.url()).not.toContain(coordinator.token)
    await eventually(async () => await stateOf(page) === 'running', 20_000)
    await page.locator('#pause').click()
    await eventually(() => watcher.status().state === 'paused', 2_000)
    const { examples } = watcher.status()
    await page.waitForTimeout(1_000)
    expect(watcher.status().examples).toBe(examples)
    await page.locator('#resume').click()
    await eventually(() => watcher.status().state === 'running' && watcher.status().examples > examples, 20_000)
    // Long enough for a model that knows a stroke from a ring.
    await eventually(() => (watcher.status().evaluation?.accuracy ?? 0) > 0.8, 90_000)
    await worker.close()
    await page.close()
  })

  it('refuses control with a wrong token', async () => {
    const page = await open('/dashboard#token=wrong')
    await eventually(async () => await page.locator('#pause').isVisible(), 10_000)
    await page.locator('#pause').click()
    await eventually(async () => await page.locator('.trouble').isVisible(), 5_000)
    expect(watcher.status().state).not.toBe('paused')
    await page.close()
  })

  it('reads a drawn digit on the visitor\'s own device', async () => {
    const page = await open('/dashboard')
    await eventually(async () => await page.locator('main').getAttribute('data-state') !== null, 10_000)
    const pad = await page.locator('.draw canvas').boundingBox() as { x: number; y: number; width: number; height: number }
    await page.mouse.move(pad.x + pad.width * 0.5, pad.y + pad.height * 0.15)
    await page.mouse.down()
    await page.mouse.move(pad.x + pad.width * 0.5, pad.y + pad.height * 0.85, { steps: 10 })
    await page.mouse.up()
    await eventually(async () => await page.locator('.bars').getAttribute('data-answer') === '1', 30_000)
    await page.close()
  })

  it('met no error on the way', () => expect(problems).toEqual([]))
})
