// Several runs in one coordinator, as people meet them: a choice on the volunteer page, a list on the dashboard, and what
// the dashboard says of a run in cohorts: how it trains, the round in the making, who has which data.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Browser } from 'playwright'
import { endAll, eventually, openBrowser, startCoordinator, temporaryFolder, watchRun, writeRun, type Coordinator } from './harness.ts'

let coordinator: Coordinator
let browser: Browser
const small = { dataset: { name: 'digits', trainExamples: 600, testExamples: 100 } }

beforeAll(async () => {
  const folder = temporaryFolder(), other = join(folder, 'other')
  mkdirSync(other)
  const cohort = writeRun(other, {
    ...small, name: 'cohort', title: 'Everybody keeps a part', strategy: { preset: 'fed-avg', schedule: { participants: 3 }, codec: { name: 'int8', errorFeedback: true } },
    partition: { parts: 12, by: { name: 'dirichlet', alpha: 0.5 } },
  })
  coordinator = await startCoordinator({ run: writeRun(folder, small), stateDir: join(folder, 'state'), args: ['--volunteers', '0', '--run', cohort] })
  browser = await openBrowser('none')
})
afterAll(endAll)

it('lets a volunteer choose, and shows what it chose', async () => {
  const page = await browser.newPage()
  await page.goto(`${coordinator.url}/?runner=wasm&threads=1`)
  await page.getByRole('radio', { name: 'Everybody keeps a part' }).check()
  await page.locator('#contribute').click()
  await eventually(async () => Number(await page.locator('main').getAttribute('data-leases')) > 0, 60_000)
  expect(await page.locator('.details').textContent()).toContain('Everybody keeps a part')
  expect(await page.locator('.top .other').getAttribute('href')).toBe('/dashboard?run=cohort')
  expect((await watchRun(coordinator.url)).status().volunteers).toEqual([])
})

it('lists the runs, and says how one trains and who has which data', async () => {
  const page = await browser.newPage({ locale: 'zh-CN' })
  await page.goto(`${coordinator.url}/dashboard?run=cohort`)
  await page.locator('.runs a[aria-current]').waitFor()
  expect(await page.locator('.runs a').evaluateAll((links) => links.map((link) => [link.getAttribute('href'), link.hasAttribute('aria-current')]))).toEqual([['/dashboard?run=e2e', false], ['/dashboard?run=cohort', true]])
  await expect.poll(() => page.locator('[data-axis="codec"]').textContent(), { timeout: 10_000 }).toContain('3.9')
  expect(await page.locator('.slots span').count()).toBeGreaterThanOrEqual(3)
  await page.locator('.partition canvas').waitFor()
  expect(await page.locator('.partition canvas').getAttribute('aria-label')).toContain('共 12 份')
  const first = await page.locator('.reading').textContent()
  await page.locator('.partition input').press('ArrowRight')
  await expect.poll(() => page.locator('.reading').textContent()).not.toBe(first)
  expect(await page.locator('.overview .state').textContent()).not.toMatch(/[a-z]{4}/)
})
