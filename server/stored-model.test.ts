// What a stopped run's folder gives back without being started: the model that the log says, and the optimizer's state.
import { expect, it } from 'vitest'
import { Simulation, STUB_MODEL, type SimulationOptions } from './coordinator/simulation.ts'
import { sha256 } from './sha256.ts'
import { readStoredModel, type StoredModel } from './stored-model.ts'

async function stopped(options: Pick<SimulationOptions, 'schedule'>): Promise<{ simulation: Simulation; read: () => Promise<StoredModel> }> {
  const simulation = new Simulation({ seed: 5, checkpoint: { versions: 7, ms: 1e6 }, ...options })
  await simulation.run(0, 8_000)
  const read = async (): Promise<StoredModel> => {
    let model: StoredModel | undefined, failure: unknown
    void readStoredModel(simulation.disk, STUB_MODEL).then((found) => { model = found }, (error: unknown) => { failure = error })
    await simulation.clock.run(simulation.clock.now() + 1_000)
    if (model === undefined) throw failure
    return model
  }
  return { simulation, read }
}

it.each(['synchronous', 'asynchronous'] as const)('is the model as a killed %s run left it, between two checkpoints', async (schedule) => {
  const { simulation, read } = await stopped({ schedule })
  const { modelHash, modelVersion } = simulation.host!.status()
  simulation.crash(false)
  const before = await simulation.records()
  const { version, params, state, config } = await read()
  expect(version).toBe(modelVersion)
  expect(sha256(new Uint8Array(params.buffer))).toBe(modelHash)
  const checkpoint = before.findLast((record) => record.type === 'checkpoint')!
  expect(checkpoint.version, 'some of it is replayed').toBeLessThan(version)
  expect(config).toEqual(simulation.config)
  expect(state.step).toBe(version)
  expect(Object.entries(state.tensors).map(([name, { shape }]) => [name, shape])).toEqual([['dense/weight', [3, 2]], ['dense/bias', [2]]])
  expect(Object.keys(state.optimizer)).toEqual(['adam/m/dense/weight', 'adam/m/dense/bias', 'adam/v/dense/weight', 'adam/v/dense/bias'])
  expect(Object.values(state.optimizer).every(({ data }) => data.some((value) => value !== 0))).toBe(true)
  // Looking changes nothing.
  expect(await simulation.records()).toEqual(before)
})

it('is refused where there is none yet', async () => {
  const { read } = await stopped({ schedule: 'synchronous' })
  const empty = new Simulation({ seed: 1, schedule: 'synchronous' })
  let failure: unknown
  void readStoredModel(empty.disk, STUB_MODEL).catch((error: unknown) => { failure = error })
  await empty.clock.run(1_000)
  expect(String(failure)).toMatch(/must hold a run that has begun, got none/)
  expect((await read()).version).toBeGreaterThan(0)
})
