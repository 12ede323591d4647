// The store's promises (server/SPEC.md P1, P2, P5, P7), over memory with faults and over the file system.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import type { Disk } from './disk.ts'
import { createFaultDisk } from './fault-disk.ts'
import { createMemoryDisk } from './memory-disk.ts'
import { createNodeDisk } from './node-disk.ts'
import { readLog, Store } from './store.ts'

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
const open = async (disk: Disk, onFault: (fault: string | undefined) => void = () => {}): Promise<{ store: Store; records: readonly object[] }> => Store.open({ disk, after, onFault })
const commit = (store: Store, record: object, payload?: Uint8Array): Promise<object> => new Promise((resolve) => store.commit(record, payload, resolve))

describe.each([['memory with faults', async () => createFaultDisk()], ['memory', async () => createMemoryDisk()], ['file system', nodeDisk]] as const)('store on %s', (_, createDisk) => {
  it('gives back records, payloads and files', async () => {
    const disk = await createDisk()
    const { store } = await open(disk)
    await commit(store, { type: 'a', n: 1 })
    const placed = (await commit(store, { type: 'b' }, Uint8Array.of(1, 2, 3))) as { place: { segment: number; offset: number } }
    const next = (await commit(store, { type: 'c' }, Uint8Array.of(4, 5))) as typeof placed
    await store.writeFile('f00', Uint8Array.of(9))
    const again = await open(disk)
    expect(again.records).toEqual([{ type: 'a', n: 1 }, placed, next])
    expect([...await again.store.readPayload(placed.place, 3)]).toEqual([1, 2, 3])
    expect([...await again.store.readPayload(next.place, 2)]).toEqual([4, 5])
    expect([...(await again.store.readFile('f00'))!]).toEqual([9])
    expect(await again.store.readFile('f01')).toBeUndefined()
    await again.store.pruneFiles(new Set())
    expect(await again.store.readFile('f00')).toBeUndefined()
    await again.store.close()
  })

  it('P5: cuts off a torn tail and goes on behind it', async () => {
    const disk = await createDisk()
    const { store } = await open(disk)
    await commit(store, { type: 'a' })
    await disk.append('log', Uint8Array.of(20, 0, 0, 0, 1, 2))
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
    const { store } = await open({ ...disk, sync: async (path) => { syncs++; await disk.sync(path) } })
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
    await commit(store, { type: 'checkpoint', version: 7 })
    const synced = disk.peek('log')!.length
    await commit(store, { type: 'more', text: 'x'.repeat(20) })
    const whole = disk.peek('log')!.slice()
    for (let cut = synced; cut < whole.length; cut++) {
      const torn = createFaultDisk()
      await torn.append('log', whole.slice(0, cut))
      expect((await readLog(torn)).records).toEqual([{ type: 'checkpoint', version: 7 }])
    }
    for (let at = 0; at < whole.length; at++) {
      const flipped = whole.slice()
      flipped[at]! ^= 1 << (at % 8)
      const damaged = createFaultDisk()
      await damaged.append('log', flipped)
      await damaged.write('log.synced', disk.peek('log.synced')!)
      await expect(readLog(damaged), `flip at ${at}`).rejects.toThrow(ConfigError)
      await expect(readLog(damaged)).rejects.toThrow(at < synced ? /no checkpoint/ : /checkpoint before the damage is version 7/)
      // Without the mark, which is never synced, the frames behind the damage prove it.
      if (at >= synced) continue
      await damaged.remove('log.synced')
      await expect(readLog(damaged), `flip at ${at}, no mark`).rejects.toThrow(ConfigError)
    }
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
    expect((await readLog(disk)).records).toEqual([{ n: 0 }])
    disk.full = false
    const [placed] = (await waiting) as [{ place: { segment: number; offset: number } }, object]
    expect(faults).toEqual([faults[0], undefined])
    expect((await readLog(disk)).records).toEqual([{ n: 0 }, placed, { n: 2 }])
    expect([...await store.readPayload(placed.place, 1)]).toEqual([7])
  })

  it('P2: a payload that is gone is damage, not silence', async () => {
    const disk = createFaultDisk()
    const { store } = await open(disk)
    const placed = (await commit(store, {}, Uint8Array.of(1, 2))) as { place: { segment: number; offset: number } }
    expect(store.rotate()).toBe(placed.place.segment + 1)
    await store.removeSegment(placed.place.segment)
    await expect(store.readPayload(placed.place, 2)).rejects.toThrow(/payloads-\d+: must hold 2 bytes/)
  })
})
