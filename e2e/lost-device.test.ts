// A GPU process that crashes in the middle of a run takes every tab's device with it: the tabs get new ones by themselves
// and go on contributing.
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { endAll, eventually, openBrowser, openVolunteer, startCoordinator, temporaryFolder, watchRun, writeRun } from './harness.ts'

afterEach(endAll)

it('a tab whose GPU process crashes goes on with a new device', async () => {
  const folder = temporaryFolder()
  const coordinator = await startCoordinator({ run: writeRun(folder), stateDir: join(folder, 'state') })
  const watcher = await watchRun(coordinator.url)
  const browser = await openBrowser()
  const page = await openVolunteer(browser, coordinator.url)
  const leases = async (): Promise<number> => Number(await page.locator('#main').getAttribute('data-leases'))
  await eventually(async () => await leases() >= 2, 60_000)
  const before = await leases()
  const examples = watcher.status().examples

  const session = await browser.newBrowserCDPSession()
  const gpuProcesses = async (): Promise<readonly number[]> => (await session.send('SystemInfo.getProcessInfo')).processInfo.filter(({ type }) => type === 'GPU').map(({ id }) => id)
  const [old] = await gpuProcesses()
  process.kill(old!, 'SIGKILL')
  await eventually(async () => (await gpuProcesses()).some((id) => id !== old), 30_000)

  await eventually(async () => await leases() >= before + 3, 90_000)
  expect(watcher.status().examples).toBeGreaterThan(examples)
  expect(watcher.status().volunteers).toMatchObject([{ runner: 'gpu', connected: true }])
})
