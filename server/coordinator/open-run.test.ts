// Opening and going on: a whole coordinator in virtual time, stopped at chosen moments (server/SPEC.md P3 to P7, C2, N2).
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { PROTOCOL_VERSION } from '../../src/wire/messages.ts'
import { createInlineNumeric } from '../numeric/inline.ts'
import type { RunHost } from '../run-host.ts'
import { openRun, type OpenRunOptions } from './open-run.ts'
import { Simulation, STUB_MODEL, type SimulationOptions } from './simulation.ts'
import { verifyRecords } from './verify-log.ts'

async function started(options: Partial<SimulationOptions> = {}, ms = 6_000): Promise<Simulation> {
  const simulation = new Simulation({ seed: 5, schedule: 'synchronous', ...options })
  await simulation.run(0, ms)
  return simulation
}

/** The power goes, and nobody starts the coordinator again by itself. */
const kill = (simulation: Simulation): void => simulation.crash(false)

/** Opens what the disk holds, without volunteers. */
async function reopen(simulation: Simulation, extra: Partial<OpenRunOptions> = {}): Promise<RunHost> {
  const { clock } = simulation
  let host: RunHost | undefined, failure: unknown
  void openRun({
    dir: simulation.disk, config: simulation.config, dataset: simulation.dataset, model: STUB_MODEL, clock, numeric: createInlineNumeric(), rng: createRng(1),
    evaluator: { open: async () => {}, evaluate: () => new Promise(() => {}), close: async () => {} }, ...extra,
  }).then((opened) => { host = opened }, (error: unknown) => { failure = error })
  await clock.run(clock.now() + 1_000)
  if (host === undefined) throw failure
  return host
}

describe('a run that is opened again', () => {
  it('P3: goes on in the middle of a round, with what was acknowledged', async () => {
    const simulation = await started()
    while ((simulation.host!.status().nextVersion?.accepted ?? 0) === 0) await simulation.clock.run(simulation.clock.now() + 20)
    const before = simulation.host!.status()
    const { acknowledged } = simulation.witness
    kill(simulation)
    const after = (await reopen(simulation)).status()
    expect(after).toMatchObject({ incarnation: before.incarnation + 1, modelVersion: before.modelVersion, modelHash: before.modelHash, epoch: before.epoch })
    expect(after.nextVersion!.accepted).toBeGreaterThanOrEqual(before.nextVersion!.accepted)
    expect(after.nextVersion!.wanted).toBe(before.nextVersion!.wanted)
    expect(after.accepted).toBeGreaterThanOrEqual(acknowledged.size)
    expect(after.seconds).toBeGreaterThan(0)
    expect(after.volunteers.map(({ id, examples }) => ({ id, examples })).filter(({ examples }) => examples > 0)).not.toEqual([])
  })

  it('serves the current model and its curve at once', async () => {
    const simulation = await started({ config: { evaluation: { everyExamples: 32, recheckFraction: 0 } } }, 20_000)
    const curve = simulation.host!.curve()
    const { modelHash } = simulation.host!.status()
    expect(curve.some(({ accuracy }) => accuracy !== undefined) && curve.some(({ trainLoss }) => trainLoss !== undefined)).toBe(true)
    kill(simulation)
    const host = await reopen(simulation)
    expect(host.curve()).toEqual(curve)
    const { params } = await host.currentModel()
    expect(host.status().modelHash).toBe(modelHash)
    expect(await host.file(modelHash)).toEqual(new Uint8Array(params.buffer))
  })

  it('P4: can be killed at every step of recovery', async () => {
    const simulation = await started()
    kill(simulation)
    const { version, hash, accepted } = await simulation.records().then(verifyRecords).then((report) => ({ version: report.versions, hash: report.hash, accepted: report.accepted }))
    for (let operations = 0; operations < 30; operations++) {
      simulation.disk.crashAfter(operations)
      await reopen(simulation, { clock: { now: () => 0, after: () => () => {} } }).catch(() => undefined)
      simulation.disk.crash(simulation.rng)
    }
    const status = (await reopen(simulation)).status()
    expect(status.modelVersion).toBeGreaterThanOrEqual(version)
    expect(status.accepted).toBe(accepted)
    if (status.modelVersion === version) expect(status.modelHash).toBe(hash)
    verifyRecords(await simulation.records())
  })

  it('P5: stops loudly when synced bytes are damaged', async () => {
    const simulation = await started()
    kill(simulation)
    const { version, log } = (await simulation.records()).findLast((record) => record.type === 'checkpoint')!
    expect(log).toBeGreaterThan(1)
    const bytes = simulation.disk.peek(`logs/${log}`)!
    // In the frame behind the checkpoint's own.
    bytes[20 + Buffer.from(bytes).readUInt32LE(0) + 30]! ^= 4
    await expect(reopen(simulation)).rejects.toThrow(ConfigError)
    await expect(reopen(simulation)).rejects.toThrow(new RegExp(`logs/${log}: must be whole up to byte \\d+ of the log, got damage at byte \\d+\\. The last good checkpoint is version ${version}: go back to it \\(commonweight rollback --to-version ${version}\\)`))
  })

  it('P5: stops loudly when a payload is damaged that no checkpoint covers', async () => {
    const simulation = await started({ checkpoint: { versions: Infinity, ms: Infinity } })
    kill(simulation)
    const name = simulation.disk.paths().find((path) => path.startsWith('payloads-'))!
    simulation.disk.peek(name)![20]! ^= 4
    await expect(reopen(simulation)).rejects.toThrow(/payload of lease \S+: must be as it was accepted.* The last good checkpoint is version 0/)
  })

  it.each(['file', 'state'] as const)('P8: goes on from the checkpoint before where the %s of the newest is damaged or gone, and says so', async (part) => {
    for (const harm of ['flip', 'remove'] as const) {
      const simulation = await started()
      const { modelVersion, modelHash, accepted } = simulation.host!.status()
      kill(simulation)
      const checkpoints = (await simulation.records()).filter((record) => record.type === 'checkpoint')
      const path = `files/${checkpoints.at(-1)![part]!}`
      if (harm === 'flip') simulation.disk.peek(path)![20]! ^= 4
      else void simulation.disk.remove(path)
      const said: string[] = []
      const host = await reopen(simulation, { warn: (text) => said.push(text) })
      expect(said).toEqual([expect.stringContaining(`The checkpoint of version ${checkpoints.at(-1)!.version} is damaged. Going on from version ${checkpoints.at(-2)!.version}`)])
      const status = host.status()
      expect(status.accepted).toBeGreaterThanOrEqual(accepted)
      expect(status.modelVersion).toBeGreaterThanOrEqual(modelVersion)
      if (status.modelVersion === modelVersion) expect(status.modelHash).toBe(modelHash)
      verifyRecords(await simulation.records())
    }
  })

  it('P8: names what to do where no checkpoint is whole', async () => {
    const simulation = await started()
    kill(simulation)
    for (const path of simulation.disk.paths()) if (path.startsWith('files/')) simulation.disk.peek(path)![20]! ^= 4
    await expect(reopen(simulation)).rejects.toThrow(/must hold a whole checkpoint, got damage or no file for version \d+, version \d+.*restore a backup/)
  })

  it('P9: knows how fast its volunteers are', async () => {
    const simulation = await started()
    const closing = simulation.host!.close()
    await simulation.clock.run(simulation.clock.now() + 1_000)
    await closing
    const speeds = simulation.host!.status().volunteers.map(({ id, examplesPerSecond }) => ({ id, examplesPerSecond }))
    expect(speeds.every(({ examplesPerSecond }) => examplesPerSecond > 0)).toBe(true)
    kill(simulation)
    const { volunteers } = (await reopen(simulation)).status()
    expect(volunteers.map(({ id, examplesPerSecond }) => ({ id, examplesPerSecond }))).toEqual(speeds)
  })

  it('C2: stays paused', async () => {
    const simulation = await started()
    void simulation.host!.control('pause')
    await simulation.clock.run(simulation.clock.now() + 1_000)
    kill(simulation)
    expect((await reopen(simulation)).status()).toMatchObject({ state: 'paused', reason: { code: 'person' } })
  })

  it('goes on quickly after it was closed, from a checkpoint', async () => {
    const simulation = await started()
    const closing = simulation.host!.close()
    await simulation.clock.run(simulation.clock.now() + 1_000)
    await closing
    const { modelVersion, modelHash } = simulation.host!.status()
    const records = await simulation.records()
    expect(records.findLast(({ type }) => type === 'checkpoint')).toMatchObject({ version: modelVersion, modelHash })
    kill(simulation)
    expect((await reopen(simulation)).status()).toMatchObject({ modelVersion, modelHash })
  })

  it('refuses another config or other data, naming the remedy', async () => {
    const simulation = await started()
    kill(simulation)
    await expect(reopen(simulation, { config: { ...simulation.config, seed: 99 } })).rejects.toThrow(/--fresh/)
    const { manifest } = simulation.dataset
    const other = { manifest: { ...manifest, train: { ...manifest.train, shards: manifest.train.shards.slice(1) } }, file: () => undefined }
    await expect(reopen(simulation, { dataset: other })).rejects.toThrow(/data it was begun with/)
  })
})

describe('a disk that refuses', () => {
  it('P7: pauses the run with its reason, loses nothing, and goes on by itself', async () => {
    const simulation = await started()
    simulation.disk.full = true
    await simulation.clock.run(simulation.clock.now() + 5_000)
    expect(simulation.host!.status()).toMatchObject({ state: 'paused', reason: { code: 'disk', detail: 'the disk is full: free some space, and the run goes on' } })
    const { accepted } = simulation.host!.status()
    simulation.disk.full = false
    await simulation.clock.run(simulation.clock.now() + 10_000)
    expect(simulation.host!.status().state).toBe('running')
    expect(simulation.host!.status().accepted).toBeGreaterThan(accepted)
    verifyRecords(await simulation.records())
  })

  it('P7: pauses the run whose folder it is, and no other', async () => {
    const full = new Simulation({ seed: 1, schedule: 'synchronous' }), other = new Simulation({ seed: 1, schedule: 'synchronous' })
    const hosts = [await reopen(full), await reopen(other)]
    full.disk.full = true
    for (const host of hosts) host.join({ type: 'hello', protocolVersion: PROTOCOL_VERSION, volunteerId: 'new', adapter: { runner: 'cpu', name: 'stub', software: true } }, () => {})
    for (const { clock } of [full, other]) await clock.run(clock.now() + 1_000)
    expect(hosts.map((host) => host.status().reason.code)).toEqual(['disk', 'training'])
  })

  it('P7: says so when a run cannot even begin', async () => {
    const simulation = new Simulation({ seed: 1, schedule: 'synchronous' })
    simulation.disk.full = true
    await expect(reopen(simulation)).rejects.toThrow(/state folder: must be writable, but the disk is full/)
  })
})

describe('a run that cannot work', () => {
  it('N2: is refused before it begins', async () => {
    const simulation = new Simulation({ seed: 1, schedule: 'synchronous' })
    const config = { ...simulation.config, strategy: { ...simulation.config.strategy, exactSum: { bound: 2 ** 20, quantumBits: 40 } } }
    await expect(reopen(simulation, { config })).rejects.toThrow(/exactSum: must keep/)
    const unknown = { ...simulation.config, strategy: { ...simulation.config.strategy, serverOptimizer: { name: 'adm', learningRate: 1 } } }
    await expect(reopen(simulation, { config: unknown })).rejects.toThrow(/Did you mean "adam"/)
  })
})
