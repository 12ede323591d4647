// The soak of `npm run soak`, in a minute for both kinds of run, with targets that are surely reached once it is calm.
import { afterEach, expect, it } from 'vitest'
import { endAll } from './harness.ts'
import { soakRuns } from './soak/runs.ts'
import { soak } from './soak/soak.ts'
import { TROUBLES } from './soak/troubles.ts'

afterEach(endAll)

it.skipIf(process.platform === 'win32').each(soakRuns.map((run) => [run.name, run] as const))('%s survives tabs in trouble and kill -9 of its coordinator', async (_, run) => {
  const { failures, troubles, recoverySeconds, log, acknowledged } = await soak({ run, target: 0.75, seconds: 20, volunteers: 6, seed: 1, onProgress: () => {} })
  expect(failures).toEqual([])
  expect(Object.entries(troubles).filter(([, times]) => times > 0).map(([trouble]) => trouble)).toEqual([...TROUBLES])
  expect(recoverySeconds).toHaveLength(2)
  expect(log.versions).toBeGreaterThan(0)
  expect(acknowledged).toBeGreaterThan(0)
}, 600_000)
