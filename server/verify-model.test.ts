// What a stopped run's folder is compared with: hashes of its checkpoints, and its payloads, out of which every version is made again.
import { expect, it } from 'vitest'
import { Simulation, STUB_MODEL, type SimulationOptions } from './coordinator/simulation.ts'
import { verifyModel, type ModelReport } from './verify-model.ts'

async function stopped(options: Pick<SimulationOptions, 'schedule' | 'retention'>): Promise<Simulation> {
  const simulation = new Simulation({ seed: 5, checkpoint: { versions: 7, ms: 1e6 }, ...options })
  await simulation.run(0, 8_000)
  simulation.crash(false)
  return simulation
}

async function verified({ clock, disk }: Simulation, onProgress?: (version: number) => void): Promise<ModelReport> {
  let report: ModelReport | undefined, failure: unknown
  void verifyModel(disk, onProgress, STUB_MODEL).then((found) => { report = found }, (error: unknown) => { failure = error })
  await clock.run(clock.now() + 1_000)
  if (report === undefined) throw failure
  return report
}

const checkpointFiles = async (simulation: Simulation): Promise<readonly string[]> =>
  (await simulation.records()).flatMap((record) => (record.type === 'checkpoint' ? [`files/${record.file}`] : [])).filter((path) => simulation.disk.peek(path) !== undefined)

function flip({ disk }: Simulation, path: string, at: number): void {
  const bytes = disk.peek(path)!.slice()
  bytes[at]! ^= 1
  disk.put(path, bytes)
}

async function removed({ clock, disk }: Simulation, segments: readonly number[]): Promise<void> {
  for (const segment of segments) void disk.remove(`payloads-${segment}`)
  await clock.run(clock.now() + 1_000)
}

it.each(['synchronous', 'asynchronous'] as const)('P5: %s, makes every version since the oldest checkpoint again', async (schedule) => {
  const simulation = await stopped({ schedule })
  const versions = (await simulation.records()).flatMap((record) => (record.type === 'version' ? [record.version] : []))
  const made: number[] = []
  const { whole, damaged, from, version, updates } = await verified(simulation, (each) => made.push(each))
  expect(whole.length).toBeGreaterThan(1)
  expect({ damaged, from, version }).toEqual({ damaged: [], from: whole[0], version: versions.at(-1) })
  expect(made.at(-1)).toBe(version)
  expect(updates).toBeGreaterThanOrEqual(version - from)
})

it('P5: names each checkpoint that is damaged, and proves what the others allow', async () => {
  const simulation = await stopped({ schedule: 'synchronous' })
  const honest = await verified(simulation)
  const files = await checkpointFiles(simulation)
  expect(files).toHaveLength(honest.whole.length)
  flip(simulation, files[0]!, 40)
  expect(await verified(simulation)).toMatchObject({ whole: honest.whole.slice(1), damaged: [honest.whole[0]], from: honest.whole[1], version: honest.version })
  for (const path of files.slice(1)) flip(simulation, path, 40)
  await expect(verified(simulation)).rejects.toThrow(/must hold a whole checkpoint.*No checkpoint is whole: restore a backup/)
})

it.each(['all', 'needed'] as const)('P5 P8: takes places to go back to for what they are, where the log is kept as %s', async (log) => {
  const simulation = await stopped({ schedule: 'synchronous', retention: { last: 2, everyVersions: 1, log } })
  const { whole, damaged, from } = await verified(simulation)
  expect(whole.length).toBeGreaterThan(3)
  expect({ damaged, from }).toEqual({ damaged: [], from: whole.at(-2) })
  flip(simulation, (await checkpointFiles(simulation))[1]!, 40)
  expect(await verified(simulation)).toMatchObject({ damaged: [whole[1]], from })
})

it('P5 P8: finds payloads that are gone, and a checkpoint that cannot be gone back to without them', async () => {
  const simulation = await stopped({ schedule: 'asynchronous' })
  const { whole } = await verified(simulation)
  const newest = (await simulation.records()).findLast((record) => record.type === 'checkpoint')!
  const segments = simulation.disk.paths().filter((path) => path.startsWith('payloads-')).map((path) => Number(path.slice('payloads-'.length)))
  const older = segments.filter((segment) => segment < newest.segment && !newest.replaySegments.includes(segment))
  expect(older.length).toBeGreaterThan(0)
  await removed(simulation, older)
  expect(await verified(simulation)).toMatchObject({ from: whole.at(-1) })
  await removed(simulation, [newest.segment])
  await expect(verified(simulation)).rejects.toThrow(new RegExp(`payloads-${newest.segment}: must hold`))
})

it('P5: finds a flip in any byte of the payloads', async () => {
  const simulation = await stopped({ schedule: 'synchronous' })
  const since = (await verified(simulation)).from
  const places = (await simulation.records()).flatMap((record) => (record.type === 'accepted' && record.modelVersion >= since && record.place !== undefined ? [{ ...record.place, bytes: record.payloadBytes }] : []))
  expect(places.length).toBeGreaterThan(10)
  const path = (segment: number): string => `payloads-${segment}`
  for (const { segment, offset, bytes } of places) {
    const at = offset + ((offset / bytes) % bytes)
    flip(simulation, path(segment), at)
    await expect(verified(simulation)).rejects.toThrow(/payload of lease \S+: must be as it was accepted/)
    flip(simulation, path(segment), at)
  }
  await verified(simulation)
})
