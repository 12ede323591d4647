// The store's promises (server/SPEC.md P1, P2, P5, P7), over memory with faults and over the file system.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { sha256 } from '../sha256.ts'
import type { Disk } from './disk.ts'
import { createFaultDisk } from './fault-disk.ts'
import { readContent, readSegment } from './files.ts'
import { DamageError, logPath, readLog } from './log.ts'
import { createMemoryDisk } from './memory-disk.ts'
import { createNodeDisk } from './node-disk.ts'
import { Store } from './store.ts'

const folders: string[] = []
const disks: Disk[] = []
const nodeDisk = async (): Promise<Disk> => {
  const folder = await mkdtemp(join(tmpdir(), 'commonweight-store-'))
  folders.push(folder)
  const disk = await createNodeDisk(folder)
  disks.push(disk)
  return disk
}
afterEach(async () => {
  for (const disk of disks.splice(0)) await disk.close()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

const after = (delayMs: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, Math.min(delayMs, 5))
  return () => clearTimeout(timer)
}
const open = async (disk: Disk, onFault: (fault: string | undefined) => void = () => {}, from = 1): Promise<{ store: Store; records: readonly object[] }> => {
  const records: object[] = []
  const store = await Store.open({ disk, after, onFault, from, take: (read) => void records.push(...read) })
  return { store, records }
}
const recordsOf = async (disk: Disk, from = 1): Promise<readonly object[]> => {
  const records: object[] = []
  await readLog(disk, from, (read) => void records.push(...read))
  return records
}
const begin = (store: Store, record: object, bytes = Uint8Array.of(9)): Promise<object> => new Promise((resolve) => store.begin((log) => ({ record: { ...record, log }, file: { hash: sha256(bytes), bytes } }), resolve))
const commit = (store: Store, record: object, payload?: Uint8Array): Promise<object> => new Promise((resolve) => store.commit(record, payload, resolve))

describe.each([['memory with faults', async () => createFaultDisk()], ['memory', async () => createMemoryDisk()], ['file system', nodeDisk]] as const)('store on %s', (_, createDisk) => {
  it('P2: writes thousands of payloads of one group behind each other', async () => {
    const disk = await createDisk()
    const { store } = await open(disk)
    const payloads = Array.from({ length: 3_000 }, (_, i) => new Uint8Array(i % 5).fill(i))
    const placed = await Promise.all(payloads.map((payload, i) => commit(store, { i }, payload))) as { place: { segment: number; offset: number } }[]
    for (const i of [0, 1, 1_023, 1_024, 1_025, 2_047, 2_999]) expect(await readSegment(disk, placed[i]!.place, i % 5), `payload ${i}`).toEqual(payloads[i])
  })

  it('gives back records, payloads and files', async () => {
    const disk = await createDisk()
    const { store } = await open(disk)
    await commit(store, { type: 'a', n: 1 })
    const placed = (await commit(store, { type: 'b' }, Uint8Array.of(1, 2, 3))) as { place: { segment: number; offset: number } }
    const next = (await commit(store, { type: 'c' }, Uint8Array.of(4, 5))) as typeof placed
    const nine = sha256(Uint8Array.of(9))
    expect(await begin(store, { type: 'd' })).toEqual({ type: 'd', log: 2 })
    await commit(store, { type: 'e' })
    const again = await open(disk)
    expect(again.records).toEqual([{ type: 'a', n: 1 }, placed, next, { type: 'd', log: 2 }, { type: 'e' }])
    expect((await recordsOf(disk, 2))).toEqual([{ type: 'd', log: 2 }, { type: 'e' }])
    expect([...await readSegment(disk, placed.place, 3)]).toEqual([1, 2, 3])
    expect([...await readSegment(disk, next.place, 2)]).toEqual([4, 5])
    expect([...(await readContent(disk, nine))!]).toEqual([9])
    expect(await readContent(disk, 'f01')).toBeUndefined()
    await again.store.prune({ segment: () => false, file: () => false, log: () => false })
    expect(await readContent(disk, nine)).toBeUndefined()
    await expect(readSegment(disk, placed.place, 3)).rejects.toThrow(/no file/)
    const pruned = await open(disk, () => {}, 2)
    expect(pruned.records).toEqual([{ type: 'd', log: 2 }, { type: 'e' }])
    await again.store.close()
  })

  it('P5: cuts off a torn tail and goes on behind it', async () => {
    const disk = await createDisk()
    const { store } = await open(disk)
    await commit(store, { type: 'a' })
    await disk.append(logPath(1), Uint8Array.of(20, 0, 0, 0, 1, 2))
    const second = await open(disk)
    expect(second.records).toEqual([{ type: 'a' }])
    await commit(second.store, { type: 'b' })
    expect((await open(disk)).records).toEqual([{ type: 'a' }, { type: 'b' }])
  })
})

describe('store', () => {
  it('P1: many commits share one sync, and none is told before it', async () => {
    const disk = createFaultDisk()
    let syncs = 0
    const { store } = await open({ ...disk, sync: async (path) => { syncs += path === logPath(1) ? 1 : 0; await disk.sync(path) } })
    const told: number[] = []
    const all = Array.from({ length: 50 }, (_, n) => new Promise<void>((resolve) => store.commit({ n }, undefined, () => {
      told.push(n)
      resolve()
    })))
    expect(told).toEqual([])
    await Promise.all(all)
    expect(told).toEqual(Array.from({ length: 50 }, (_, n) => n))
    expect(syncs).toBeLessThanOrEqual(2)
  })

  it('P5: any cut of an unsynced tail leaves whole records, any flip in synced bytes stops loudly', async () => {
    const disk = createFaultDisk()
    const { store } = await open(disk)
    await commit(store, { type: 'first' })
    await begin(store, { type: 'checkpoint' })
    await commit(store, { type: 'more', text: 'x'.repeat(20) })
    const files = [1, 2].map((file) => disk.peek(logPath(file))!.slice())
    const last = disk.peek('log.synced')!
    const copy = async (changed: number, bytes: Uint8Array, mark?: Uint8Array): Promise<Disk> => {
      const other = createFaultDisk()
      for (const [i, whole] of files.entries()) await other.append(logPath(i + 1), i + 1 === changed ? bytes : whole)
      if (mark !== undefined) await other.write('log.synced', mark)
      return other
    }
    const first = files[1]!.length - 20 - JSON.stringify({ type: 'more', text: 'x'.repeat(20) }).length
    for (let cut = 0; cut < files[1]!.length; cut++) {
      const torn = await copy(2, files[1]!.slice(0, cut))
      const expected = [{ type: 'first' }, ...cut < first ? [] : [{ type: 'checkpoint', log: 2 }]]
      expect(await recordsOf(torn), `cut at ${cut}`).toEqual(expected)
      const again = await open(torn)
      await commit(again.store, { type: 'next' })
      expect(await recordsOf(torn), `cut at ${cut}`).toEqual([...expected, { type: 'next' }])
    }
    for (const file of [1, 2]) {
      for (let at = 0; at < files[file - 1]!.length; at++) {
        const flipped = files[file - 1]!.slice()
        flipped[at]! ^= 1 << (at % 8)
        await expect(recordsOf(await copy(file, flipped, last)), `flip at ${at} of ${file}`).rejects.toThrow(DamageError)
        // Without the mark, the frames behind the damage prove it; behind the last group there are none.
        if (file === 2 && at >= first) continue
        await expect(recordsOf(await copy(file, flipped)), `flip at ${at} of ${file}, no mark`).rejects.toThrow(DamageError)
      }
    }
  })

  it('P5: a file of the log that is gone between others is damage', async () => {
    const disk = createFaultDisk()
    const { store } = await open(disk)
    await commit(store, { type: 'first' })
    await begin(store, { type: 'second' })
    await begin(store, { type: 'third' })
    await disk.remove(logPath(2))
    await expect(recordsOf(disk)).rejects.toThrow(/logs\/2: must exist/)
    expect(await recordsOf(disk, 3)).toEqual([{ type: 'third', log: 3 }])
  })

  it('P5: the mark is durable once the disk is idle, so that the last group is told from a torn tail after a power cut', async () => {
    const disk = createFaultDisk()
    const { store } = await open(disk)
    await commit(store, { n: 1 })
    await store.close()
    const bytes = disk.peek(logPath(1))!
    disk.crash(createRng(1))
    disk.peek(logPath(1))![bytes.length - 1]! ^= 1
    await expect(recordsOf(disk)).rejects.toThrow(DamageError)
  })

  it('P7: a full disk is reported, and what waited is written once there is space', async () => {
    const disk = createFaultDisk()
    const faults: (string | undefined)[] = []
    const { store } = await open(disk, (fault) => faults.push(fault))
    await commit(store, { n: 0 })
    disk.full = true
    const waiting = Promise.all([commit(store, { n: 1 }, Uint8Array.of(7)), commit(store, { n: 2 })])
    while (faults.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(faults[0]).toMatch(/disk is full/)
    expect(await recordsOf(disk)).toEqual([{ n: 0 }])
    disk.full = false
    const [placed] = (await waiting) as [{ place: { segment: number; offset: number } }, object]
    expect(faults).toEqual([faults[0], undefined])
    expect(await recordsOf(disk)).toEqual([{ n: 0 }, placed, { n: 2 }])
    expect([...await readSegment(disk, placed.place, 1)]).toEqual([7])
  })

  it('P2: a payload that is gone is damage, not silence', async () => {
    const disk = createFaultDisk()
    const { store } = await open(disk)
    const placed = (await commit(store, {}, Uint8Array.of(1, 2))) as { place: { segment: number; offset: number } }
    expect(store.rotate()).toBe(placed.place.segment + 1)
    await store.prune({ segment: () => false, file: () => false, log: () => false })
    await expect(readSegment(disk, placed.place, 2)).rejects.toThrow(/payloads-\d+: must hold 2 bytes/)
  })

  it('P8: keeps what a checkpoint under way has written while another one prunes', async () => {
    const disk = createFaultDisk(() => new Promise((resolve) => void setTimeout(resolve)))
    const { store } = await open(disk)
    const bytes = Uint8Array.of(1, 2, 3), hash = sha256(bytes)
    const nothing = { segment: () => false, file: () => false, log: () => false }
    const written = store.writeFile(hash, bytes)
    for (let i = 0; i < 4; i++) await store.prune(nothing)
    await written
    await store.prune(nothing)
    expect(await readContent(disk, hash)).toEqual(bytes)
    await store.prune({ ...nothing, file: (name) => name === hash })
    await store.prune(nothing)
    expect(await readContent(disk, hash)).toBeUndefined()
  })

  it('P7: begins a file of the log again where the disk refused, with what is true by then', async () => {
    const disk = createFaultDisk()
    const faults: (string | undefined)[] = []
    const { store } = await open(disk, (fault) => faults.push(fault))
    await commit(store, { n: 0 })
    disk.full = true
    let asked = 0
    const begun = new Promise<object>((resolve) => store.begin((log) => ({ record: { log, asked: ++asked }, file: { hash: 'f', bytes: Uint8Array.of(asked) } }), resolve))
    const behind = commit(store, { n: 1 })
    while (asked < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    disk.full = false
    const record = await begun
    await behind
    expect(faults).toEqual([expect.stringMatching(/disk is full/), undefined])
    expect(await recordsOf(disk)).toEqual([{ n: 0 }, record, { n: 1 }])
    expect([...disk.peek('files/f')!]).toEqual([asked])
  })
})
