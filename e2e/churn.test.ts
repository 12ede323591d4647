// The worst day of a run: a volunteer killed in the middle of a lease, one that joins late, the coordinator killed with -9.
// It reaches its target all the same, and its log proves that nothing accepted was lost or applied twice.
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { endAll, eventually, openBrowser, openVolunteer, run, startCoordinator, temporaryFolder, watchRun, writeRun } from './harness.ts'

afterEach(endAll)

const STRATEGIES = {
  synchronous: { schedule: { type: 'synchronous', examplesPerRound: 128, deadlineMs: 5_000 }, serverOptimizer: { name: 'adam', learningRate: 0.002 } },
  asynchronous: { schedule: { type: 'asynchronous', examplesPerLease: 64 }, serverOptimizer: { name: 'adam', learningRate: 0.001 } },
}

describe.each(Object.entries(STRATEGIES))('a %s run', (_, strategy) => {
  it('survives a killed volunteer, a late one, and kill -9 of its coordinator', async () => {
    const folder = temporaryFolder()
    const stateDir = join(folder, 'state')
    const options = { run: writeRun(folder, { strategy, dataset: { name: 'digits', trainExamples: 6_000, testExamples: 500 } }), stateDir }
    const first = await startCoordinator(options)
    const watcher = await watchRun(first.url)
    const [staying, doomed] = [await openBrowser(), await openBrowser()]
    await openVolunteer(staying, first.url)
    const page = await openVolunteer(doomed, first.url)
    await eventually(() => watcher.status().volunteers.filter(({ acceptedLeases }) => acceptedLeases > 0).length === 2, 60_000)

    // It computes a lease at this moment, and will never return it.
    await page.waitForFunction(() => document.querySelector('main')?.dataset['state'] === 'leased', undefined, { polling: 5 })
    await doomed.close()
    await openVolunteer(staying, first.url)
    await eventually(() => watcher.status().volunteers.filter(({ acceptedLeases }) => acceptedLeases > 0).length === 3, 60_000)

    const before = watcher.status()
    first.child.kill('SIGKILL')
    await first.ended
    const again = await startCoordinator({ ...options, port: first.port })
    await eventually(() => watcher.status().incarnation > before.incarnation, 20_000)
    expect(watcher.status().examples).toBeGreaterThanOrEqual(before.examples)
    // The tabs come back by themselves.
    await eventually(() => watcher.status().volunteers.filter(({ connected }) => connected).length === 2, 30_000)
    await eventually(() => (watcher.status().evaluation?.accuracy ?? 0) >= 0.85, 120_000)

    again.child.kill('SIGTERM')
    expect(await again.ended).toBe(0)
    const verified = run('verify', stateDir)
    expect([await verified.ended, verified.output()]).toEqual([0, expect.stringContaining('the log holds')])
  })
})
