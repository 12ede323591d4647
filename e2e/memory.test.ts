// A tab that is reloaded finds again what it remembered (server/SPEC.md M1): its optimizer goes on where it was, and what
// it knows of its parts of the data is there; when the run is finished, nothing is left in the browser.
import { join } from 'node:path'
import type { Page } from 'playwright'
import { afterEach, expect, it } from 'vitest'
import { endAll, eventually, openBrowser, openVolunteer, startCoordinator, temporaryFolder, watchRun, writeRun } from './harness.ts'

afterEach(endAll)

const STEPS = 5
const RUN = {
  dataset: { name: 'digits', trainExamples: 400, testExamples: 100 }, epochs: 16, partition: { parts: 2 }, evaluation: { everyExamples: 4_000 },
  strategy: {
    schedule: { type: 'cohort', quorum: 1 }, work: 'partition', codec: { name: 'f16', errorFeedback: true }, corrections: [{ name: 'scaffold' }],
    local: { type: 'steps', steps: STEPS, optimizer: { name: 'sgd', learningRate: 0.05 }, keepOptimizerState: true }, serverOptimizer: { name: 'sgd', learningRate: 1 },
  },
}

/** What IndexedDB holds, by the last part of its key: steps of the optimizer as the state says. */
const remembered = (page: Page): Promise<Record<string, number>> => page.evaluate(async () => {
  const settle = <T>(request: IDBRequest<T>): Promise<T> => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error as Error)
  })
  const db = await settle(indexedDB.open('commonweight-memory'))
  const store = db.transaction('files').objectStore('files')
  const [keys, states] = await Promise.all([settle(store.getAllKeys()), settle(store.getAll() as IDBRequest<Uint8Array[]>)])
  db.close()
  return Object.fromEntries(keys.map((key, i) => [String(key).split('/').at(-1), Number(/"steps":"(\d+)"/.exec(new TextDecoder().decode(states[i]!.subarray(0, 4096)))?.[1])]))
})

it('M1: a reloaded tab goes on from what it remembered, and forgets it when the run is finished', async () => {
  const folder = temporaryFolder()
  const coordinator = await startCoordinator({ run: writeRun(folder, RUN), stateDir: join(folder, 'state') })
  const watcher = await watchRun(coordinator.url)
  const control = (action: 'pause' | 'resume'): void => void watcher.socket.emit('control', { type: 'control', runId: watcher.status().runId, token: coordinator.token, action }, () => {})
  const page = await openVolunteer(await openBrowser('none'), coordinator.url, 'runner=wasm&threads=1')
  await eventually(() => watcher.status().accepted >= 4, 60_000)
  // Paused, nothing is on its way that could be accepted after the tab is gone.
  control('pause')
  const { accepted } = await eventually(() => watcher.status().state === 'paused' && watcher.status(), 10_000)
  const before = await eventually(async () => {
    const states = await remembered(page)
    return states['volunteer'] === STEPS * watcher.status().accepted && states
  }, 10_000)
  expect(Object.keys(before).sort()).toEqual(['part-0', 'part-1', 'volunteer'])

  await page.reload()
  await page.locator('#contribute').click()
  control('resume')
  await eventually(() => watcher.status().accepted >= accepted + 2, 60_000)
  // Whoever begins anew is at its first steps.
  await eventually(async () => ((await remembered(page))['volunteer'] ?? 0) > before['volunteer']!, 10_000)
  expect(watcher.status().volunteers).toHaveLength(1)

  await eventually(() => watcher.status().state === 'finished', 60_000)
  await eventually(async () => Object.keys(await remembered(page)).length === 0, 10_000)
})
