// Tabs that compute by WebAssembly: without a WebGPU adapter, and where WebGPU is only emulated and WebAssembly measures faster.
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { AdapterChoice } from '../server/chromium.ts'
import { endAll, eventually, openBrowser, openVolunteer, rememberedTuning, startCoordinator, temporaryFolder, watchRun, writeRun } from './harness.ts'

afterEach(endAll)

it.each<[AdapterChoice, string]>([['none', 'found no GPU'], ['software', 'measured faster here']])('a tab with the adapter %s contributes by itself, and says why so', async (adapter, says) => {
  const folder = temporaryFolder()
  const coordinator = await startCoordinator({ run: writeRun(folder, { storage: 'f16' }), stateDir: join(folder, 'state') })
  const watcher = await watchRun(coordinator.url)
  const page = await openVolunteer(await openBrowser(adapter), coordinator.url, 'threads=2')
  await eventually(async () => Number(await page.locator('#main').getAttribute('data-leases')) >= 2, 60_000)
  // Watchers hear of it a few times a second.
  await eventually(() => watcher.status().volunteers.length > 0, 10_000)
  expect(watcher.status().volunteers).toMatchObject([{ runner: 'wasm', software: true }])
  expect(await page.locator('.because').textContent()).toContain(says)
  expect(await page.locator('.details').textContent()).toContain('WebAssembly SIMD, 2 threads')
  expect(await page.locator('.details').textContent()).toContain('32 bits: 16 are not there on this device')
  // So that the next visit need not measure again.
  if (adapter === 'software') expect(await rememberedTuning(page)).toEqual(expect.arrayContaining([expect.stringMatching(/^runner SwiftShader/), expect.stringMatching(/ matmul /)]))
})
