// Headless runs to a target: exit codes, the report's keys, the saved model, both runners, https in between.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Report } from '../server/cli/report.ts'
import { decodeSafetensors } from '../src/codec/safetensors.ts'
import { endAll, eventually, mnistDir, openBrowser, openVolunteer, run, startCoordinator, temporaryFolder, watchRun, writeRun } from './harness.ts'

afterEach(endAll)

const readReport = (path: string): Report => JSON.parse(readFileSync(path, 'utf8')) as Report

if (mnistDir === undefined) console.warn('\nSKIPPED: training on MNIST. Name its folder in DATA_DIR to run these tests.\n')

describe.skipIf(mnistDir === undefined)('MNIST', () => {
  it.each([['mnist-mlp', 'gpu'], ['mnist-mlp-async', 'gpu'], ['mnist-mlp', 'wasm'], ['mnist-mlp-fedavg', 'wasm'], ['mnist-mlp-incremental', 'wasm']])('%s by %s learns, and leaves a report and a model', async (name, runner) => {
    const folder = temporaryFolder()
    const [report, out] = [join(folder, 'report.json'), join(folder, 'model.safetensors')]
    const command = run('train', '--run', name, '--data-dir', mnistDir as string, '--runner', runner, '--volunteers', '2', '--stop', 'accuracy>=0.9', '--max-minutes', '2.5', '--report', report, '--out', out)
    expect([await command.ended, command.output()]).toEqual([0, expect.stringContaining('accuracy>=0.9 was reached')])
    const content = readReport(report)
    expect(Object.keys(content)).toEqual(['run', 'params', 'modelVersion', 'wallSeconds', 'examples', 'examplesPerSecond', 'bytesUp', 'bytesDown', 'evaluation', 'volunteers', 'curve'])
    expect(content).toMatchObject({ run: name, params: 203_530, evaluation: { examples: 10_000 } })
    expect(content.evaluation?.accuracy).toBeGreaterThanOrEqual(0.9)
    expect(content.volunteers).toHaveLength(2)
    expect(content.volunteers.reduce((sum, { examples }) => sum + examples, 0)).toBe(content.examples)
    expect(content.bytesUp).toBeGreaterThanOrEqual(content.modelVersion * 203_530 * 4)
    expect(content.curve.at(-1)).toMatchObject({ accuracy: content.evaluation?.accuracy })
    const { tensors, metadata } = decodeSafetensors(readFileSync(out))
    expect(tensors.reduce((sum, { data }) => sum + data.length, 0)).toBe(203_530)
    expect(Number(metadata['modelVersion'])).toBeGreaterThanOrEqual(content.modelVersion)
  })
})

it('exits with 1 when the time is over', async () => {
  const folder = temporaryFolder()
  const report = join(folder, 'report.json')
  const command = run('train', '--run', writeRun(folder), '--volunteers', '0', '--stop', 'rounds>=1', '--max-minutes', '0.03', '--report', report)
  expect(await command.ended).toBe(1)
  expect(command.output()).toContain('rounds>=1 was not reached')
  expect(readReport(report)).toMatchObject({ evaluation: null, examples: 0, volunteers: [] })
})

it('runs its volunteers in Node as well', async () => {
  const folder = temporaryFolder()
  const report = join(folder, 'report.json')
  const command = run('train', '--run', writeRun(folder), '--runner', 'node', '--volunteers', '2', '--stop', 'examples>=5000', '--max-minutes', '2.5', '--report', report)
  expect([await command.ended, command.output()]).toEqual([0, expect.stringContaining('examples>=5000 was reached')])
  expect(readReport(report).volunteers.map(({ acceptedLeases }) => acceptedLeases > 0)).toEqual([true, true])
})

it('lets others join over https with a certificate of its own', async () => {
  const folder = temporaryFolder()
  const coordinator = await startCoordinator({ run: writeRun(folder), stateDir: join(folder, 'state'), args: ['--volunteers', '0', '--https'] })
  expect(coordinator.url).toMatch(/^https:/)
  expect(coordinator.output()).toMatch(/Others open|on no network/)
  const watcher = await watchRun(coordinator.url)
  await openVolunteer(await openBrowser(), coordinator.url)
  await eventually(() => watcher.status().examples > 0, 60_000)
})
