// Backups and ways back (server/SPEC.md P10, P11): taken of a run at any moment, they are a run that goes on.
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import type { LogRecord } from '../coordinator/records.ts'
import { Simulation } from '../coordinator/simulation.ts'
import { checkRules } from '../coordinator/trial.ts'
import { verifyRecords } from '../coordinator/verify-log.ts'
import { createFaultDisk, type FaultDisk } from '../store/fault-disk.ts'
import { backUpRun } from './back-up-run.ts'
import { leap, rollBack, wholeCheckpoints } from './roll-back.ts'
import { packTar, unpackTar, type TarEntry } from './tar.ts'

async function pack(entries: AsyncIterable<TarEntry>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of packTar(entries, 1)) pieces.push(piece)
  return Buffer.concat(pieces)
}

const reader = (archive: Uint8Array) => async (offset: number, length: number): Promise<Uint8Array> => archive.subarray(offset, offset + length)

async function unpackOnto(disk: FaultDisk, archive: Uint8Array): Promise<void> {
  for await (const { name, pieces } of unpackTar(reader(archive))) {
    const parts: Uint8Array[] = []
    for await (const piece of pieces()) parts.push(piece)
    disk.put(name, Buffer.concat(parts))
  }
}

/** A simulation on a disk that already holds something, without waiting for virtual time. */
async function goOn(like: Simulation, prepare: (disk: FaultDisk) => Promise<void>, ms = 6_000): Promise<Simulation> {
  const other = new Simulation(like.options)
  const disk = createFaultDisk()
  await prepare(disk)
  for (const path of disk.paths()) other.disk.put(path, disk.peek(path)!)
  for (const [hash, payload] of like.payloads) other.payloads.set(hash, payload)
  await other.run(0, ms)
  if (other.failure !== undefined) throw other.failure
  return other
}

const restored = (simulation: Simulation, archive: Uint8Array): Promise<Simulation> => goOn(simulation, async (disk) => {
  await unpackOnto(disk, archive)
  await leap(disk, createRng(2))
})

const versionsOf = (records: readonly LogRecord[]): Map<number, string> => new Map(records.flatMap((record) => (record.type === 'version' ? [[record.version, record.hash] as const] : [])))

describe('a backup', () => {
  it.each(['synchronous', 'asynchronous', 'buffered', 'corrected'] as const)('P10: taken at any moment of a %s run is a run that goes on from there', async (schedule) => {
    const simulation = new Simulation({ seed: 3, schedule, volunteers: 4 })
    await simulation.run(0, 3_000)
    for (let moment = 0; moment < 4; moment++) {
      await simulation.clock.run(simulation.clock.now() + 700.3)
      // As it lies there, in the middle of whatever is being written.
      const copy = simulation.disk.copy()
      const archive = await pack((await backUpRun(copy)).entries())
      const acknowledged = new Set(simulation.witness.acknowledged)
      const other = await restored(simulation, archive)
      const records = await other.records()
      checkRules(other, records)
      const accepted = new Set(records.flatMap((record) => (record.type === 'accepted' ? [record.leaseId] : [])))
      for (const lease of acknowledged) expect(accepted.has(lease), `acknowledged lease ${lease}`).toBe(true)
      // The same bytes as far as both went the same way, and more.
      const before = versionsOf(await simulation.records()), after = versionsOf(records)
      const { versions } = verifyRecords(records.slice(0, records.findIndex((record) => record.type === 'incarnation' && record.incarnation >= 1_000)))
      for (let version = 1; version <= versions; version++) expect(after.get(version)).toBe(before.get(version))
      expect(after.size).toBeGreaterThan(versions)
    }
  }, 60_000)

  it('P10: F1: gives leases names that the run it was taken of will never give', async () => {
    const simulation = new Simulation({ seed: 3, schedule: 'synchronous' })
    await simulation.run(0, 3_000)
    const other = await restored(simulation, await pack((await backUpRun(simulation.disk.copy())).entries()))
    expect(other.host!.status().incarnation).toBeGreaterThan(1_000)
  })

  it('is refused where there is no run', async () => {
    await expect(backUpRun(new Simulation({ seed: 1, schedule: 'synchronous' }).disk.copy())).rejects.toThrow(/must hold a run that has begun/)
  })
})

describe('an archive', () => {
  const entry = (name: string, bytes: Uint8Array): TarEntry => ({ name, bytes: bytes.length, pieces: async function* () { yield bytes } })
  const entries = async function* (): AsyncGenerator<TarEntry> {
    yield entry('run.json', Buffer.from('{}'))
    yield entry('log/payloads-1', new Uint8Array(1_000).fill(7))
  }

  it('gives back what was put in', async () => {
    const archive = await pack(entries())
    expect(archive.length % 512).toBe(0)
    const found: [string, number][] = []
    for await (const { name, pieces } of unpackTar(reader(archive))) for await (const piece of pieces()) found.push([name, piece.length])
    expect(found).toEqual([['run.json', 2], ['log/payloads-1', 1_000]])
  })

  it.each([['cut', (archive: Uint8Array) => archive.slice(0, 1_300)], ['cut between files', (archive: Uint8Array) => archive.slice(0, 1_024)], ['damaged', (archive: Uint8Array) => archive.map((byte, i) => (i === 3 ? byte ^ 1 : byte))], ['no tar', () => new Uint8Array(2_048).fill(65)]])('is refused where it is %s', async (_, spoil) => {
    const read = async (): Promise<void> => {
      for await (const { pieces } of unpackTar(reader(spoil(await pack(entries()))))) for await (const piece of pieces()) void piece
    }
    await expect(read()).rejects.toThrow(ConfigError)
  })
})

describe('going back', () => {
  it('P11: to any checkpoint that is kept, also where the log behind it is damaged, and on from there', async () => {
    const simulation = new Simulation({ seed: 5, schedule: 'synchronous' })
    await simulation.run(0, 8_000)
    simulation.crash(false)
    const kept = await wholeCheckpoints(simulation.disk.copy())
    expect(kept.length).toBeGreaterThanOrEqual(2)
    for (const { version, log, at } of kept) {
      const damaged = simulation.disk.copy()
      const bytes = damaged.peek(`logs/${kept.at(-1)!.log}`)!
      // Behind the checkpoint's own frame, where there is anything.
      const behind = 20 + Buffer.from(bytes).readUInt32LE(0) + 30
      if (behind < bytes.length) bytes[behind]! ^= 1
      const other = await goOn(simulation, async (disk) => {
        for (const path of damaged.paths()) disk.put(path, damaged.peek(path)!)
        expect(await rollBack(disk, version, createRng(1))).toMatchObject({ version, log })
      })
      const records = await other.records()
      verifyRecords(records)
      expect(verifyRecords(records.slice(0, records.findIndex((record) => record.type === 'incarnation' && record.incarnation >= 1_000)))).toMatchObject({ accepted: at.accepted, versions: at.version })
      expect(other.host!.status().modelVersion).toBeGreaterThan(at.version)
    }
  }, 60_000)

  it('P11: is refused where there is no such checkpoint, naming those there are', async () => {
    const simulation = new Simulation({ seed: 5, schedule: 'synchronous' })
    await simulation.run(0, 4_000)
    await expect(rollBack(simulation.disk.copy(), 9_999, createRng(1))).rejects.toThrow(/--to-version: must be a checkpoint that is kept, \d+.*got 9999/)
  })
})
