// `npm start` as a person meets it: addresses, two volunteers of its own, a model that gets better; a second start, a taken
// port, Ctrl-C, going on, beginning anew.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { endAll, eventually, run, startCoordinator, temporaryFolder, watchRun, writeRun } from './harness.ts'

afterEach(endAll)

it('trains with two volunteers of its own, ends with its children, and goes on', async () => {
  const folder = temporaryFolder()
  const stateDir = join(folder, 'state')
  const options = { run: writeRun(folder), stateDir, args: ['--volunteers', '2'] }
  const first = await startCoordinator(options)
  const watcher = await watchRun(first.url)
  const delivered = (): number => watcher.status().volunteers.filter(({ acceptedLeases }) => acceptedLeases > 0).length
  await eventually(() => delivered() === 2 && (watcher.status().evaluation?.accuracy ?? 0) > 0.5, 90_000)
  expect(first.output()).toMatch(/Volunteer page\s+http:\/\/localhost:\d+\//)

  const second = run('start', '--run', options.run, '--state-dir', stateDir, '--port', '0', '--volunteers', '0')
  expect(await second.ended).toBe(2)
  expect(second.output()).toContain(`process ${first.child.pid} uses it already`)

  const children = descendants(first.child.pid as number)
  expect(children.length).toBeGreaterThan(0)
  const { runId, modelVersion } = watcher.status()
  first.child.kill('SIGINT')
  expect(await first.ended).toBe(0)
  expect(first.output()).toContain('npm start goes on from here')
  await expect.poll(() => children.filter(isAlive), { timeout: 5_000 }).toEqual([])

  const third = await startCoordinator({ ...options, args: ['--volunteers', '0'] })
  const after = (await watchRun(third.url)).status()
  expect(after.runId).toBe(runId)
  expect(after.modelVersion).toBeGreaterThanOrEqual(modelVersion)
  expect(third.token).toBe(first.token)

  const taken = run('start', '--run', options.run, '--state-dir', join(folder, 'other'), '--port', String(third.port), '--volunteers', '0')
  expect(await taken.ended).toBe(2)
  expect(taken.output()).toContain(`--port ${third.port + 1}`)
  third.child.kill('SIGTERM')
  expect(await third.ended).toBe(0)
})

it.each([['gpu'], ['node']])('takes its %s volunteers along even when it is killed', async (runner) => {
  const folder = temporaryFolder()
  const coordinator = await startCoordinator({ run: writeRun(folder), stateDir: join(folder, 'state'), args: ['--volunteers', '1', '--runner', runner] })
  const watcher = await watchRun(coordinator.url)
  await eventually(() => watcher.status().volunteers.length === 1, 30_000)
  const children = descendants(coordinator.child.pid as number)
  expect(children.length).toBeGreaterThan(0)
  coordinator.child.kill('SIGKILL')
  await coordinator.ended
  await expect.poll(() => children.filter(isAlive), { timeout: 10_000 }).toEqual([])
})

it('refuses another configuration in the same state folder, and begins anew with --fresh', async () => {
  const folder = temporaryFolder()
  const stateDir = join(folder, 'state')
  const first = await startCoordinator({ run: writeRun(folder), stateDir })
  const { runId } = (await watchRun(first.url)).status()
  first.child.kill('SIGTERM')
  await first.ended
  const changed = writeRun(folder, { epochs: 7 })
  const refused = run('start', '--run', changed, '--state-dir', stateDir, '--port', '0', '--volunteers', '0')
  expect(await refused.ended).toBe(2)
  expect(refused.output()).toContain('got epochs 7 where it was 50')
  const anew = await startCoordinator({ run: changed, stateDir, args: ['--volunteers', '0', '--fresh'] })
  const { runId: other, modelVersion } = (await watchRun(anew.url)).status()
  expect([other === runId, modelVersion]).toEqual([false, 0])
})

it('keeps its pages when the run is finished', async () => {
  const folder = temporaryFolder()
  const path = writeRun(folder, { dataset: { name: 'digits', trainExamples: 256, testExamples: 64 }, epochs: 1 })
  const coordinator = await startCoordinator({ run: path, stateDir: join(folder, 'state'), args: ['--volunteers', '1'] })
  await eventually(() => coordinator.output().includes('is finished: '), 60_000)
  expect(coordinator.output()).toMatch(/is finished: \d+ versions from 256 examples, accuracy \d/)
  expect((await fetch(`${coordinator.url}/`)).status).toBe(200)
  const { runs } = await (await fetch(`${coordinator.url}/health`)).json() as { runs: { runId: string; state: string }[] }
  expect(runs[0]?.state).toBe('finished')
  const model = await fetch(`${coordinator.url}/runs/${runs[0]?.runId}/model.safetensors`)
  expect((await model.arrayBuffer()).byteLength).toBeGreaterThan(203_530 * 4)
  coordinator.child.kill('SIGINT')
  expect(await coordinator.ended).toBe(0)
})

it.each([
  [['start', '--run', 'digits-cn'], 'Did you mean "digits-cnn"?'],
  [['start', '--port', 'many'], '--port'],
  [['start', '--volunters', '3'], '--volunteers'],
  [['train', '--stop', 'acuracy>=1'], 'Did you mean "accuracy>="?'],
  [['train', '--run', 'mnist-mlp', '--data-dir', '/nowhere'], '--data-dir: must hold the files of data set "mnist"'],
  [['start', '--cert', 'x.pem'], '--cert and --key: must be given together'],
] as const)('says plainly what is wrong with %j', async (args, message) => {
  const command = run(...args, ...(args[0] === 'start' ? ['--state-dir', temporaryFolder()] : []))
  expect(await command.ended).toBe(2)
  expect(command.output()).toContain(message)
  expect(command.output()).not.toMatch(/^\s+at /m)
})

/** Processes below `pid`, by /proc; none where there is no such thing. */
function descendants(pid: number): readonly number[] {
  try {
    const parents = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => [Number(name), parentOf(Number(name))] as const)
    const below = (of: number): number[] => parents.filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)])
    return below(pid)
  } catch {
    return []
  }
}

function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[1])
  } catch {
    return -1
  }
}

/** Neither gone nor a zombie that nobody has asked for. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '')[0] !== 'Z'
  } catch {
    return false
  }
}
