// A volunteer's memory (server/SPEC.md M1, M2) on stores that are slow, torn or full, and the file store of Node volunteers.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { memoryStore, type ByteStore } from './byte-store.ts'
import { MAX_STATE_BYTES, VolunteerMemory, type Remembered } from './memory.ts'
import { stateFiles } from './state-files.ts'

const state = (update: string, value = 1): Remembered => ({ update, steps: 3, arrays: { a: Float32Array.of(value, 2), b: new Float32Array(0) } })

function open(store: ByteStore, { volunteerId = 'v', runId = 'run' } = {}): VolunteerMemory {
  const memory = new VolunteerMemory({ volunteerId, store })
  memory.beginRun(runId)
  return memory
}

describe('memory', () => {
  test('M1: writes a state only once its update is accepted', async () => {
    const files = new Map<string, Uint8Array>(), memory = open(memoryStore(MAX_STATE_BYTES, files))
    memory.propose('part-1', state('x'))
    await memory.settled()
    expect(files.size).toBe(0)
    memory.accepted('another')
    await memory.settled()
    expect(files.size).toBe(0)
    memory.accepted('x')
    await memory.settled()
    expect([...files.keys()]).toEqual(['run/v/part-1'])
    expect(await open(memoryStore(MAX_STATE_BYTES, files)).recall('part-1', 'x')).toEqual(state('x'))
  })

  test('M2: killed between acceptance and write, it knows that what it has is not the last', async () => {
    const files = new Map<string, Uint8Array>(), memory = open(memoryStore(MAX_STATE_BYTES, files))
    memory.propose('part-1', state('first'))
    memory.accepted('first')
    await memory.settled()
    const before = new Map(files)
    await memory.recall('part-1', 'first')
    memory.propose('part-1', state('second'))
    memory.accepted('second')
    // The write never happens; the coordinator counts the second.
    expect(await open(memoryStore(MAX_STATE_BYTES, before)).recall('part-1', 'second')).toBeUndefined()
    // Had the second not been accepted, the first would still be right.
    expect(await open(memoryStore(MAX_STATE_BYTES, before)).recall('part-1', 'first')).toEqual(state('first'))
  })

  test('M1: what a lease names settles a lost verdict, and is written then', async () => {
    const files = new Map<string, Uint8Array>(), memory = open(memoryStore(MAX_STATE_BYTES, files))
    memory.propose('volunteer', state('x'))
    expect(await memory.recall('volunteer', 'x')).toEqual(state('x'))
    await memory.settled()
    expect(await open(memoryStore(MAX_STATE_BYTES, files)).recall('volunteer', 'x')).toEqual(state('x'))
    memory.propose('volunteer', state('y'))
    expect(await memory.recall('volunteer', 'x')).toEqual(state('x'))
    // The lease said that y does not count: a verdict cannot come any more.
    memory.accepted('y')
    expect(await memory.recall('volunteer', 'y')).toBeUndefined()
    expect(await memory.recall('volunteer', undefined)).toBeUndefined()
  })

  test('a store slower than the leases is given the newest state of each, not all of them', async () => {
    const written: string[] = [], inner = memoryStore(MAX_STATE_BYTES)
    const memory = open({ ...inner, set: async (key, bytes) => {
      written.push(key)
      await new Promise((resolve) => setTimeout(resolve, 5))
      await inner.set(key, bytes)
    } })
    await memory.settled()
    for (let i = 0; i < 20; i++) {
      memory.propose('volunteer', state(`u${i}`, i))
      memory.accepted(`u${i}`)
    }
    await memory.settled()
    expect(written.length).toBeLessThan(4)
    expect(await open(inner).recall('volunteer', 'u19')).toEqual(state('u19', 19))
  })

  test('forgets other runs when one begins, its own only, and all of a run that is over', async () => {
    const files = new Map<string, Uint8Array>([['old/v/volunteer', new Uint8Array()], ['old/w/volunteer', new Uint8Array()], ['run/v/part-1', new Uint8Array()], ['run/w/part-1', new Uint8Array()]])
    const memory = open(memoryStore(MAX_STATE_BYTES, files))
    await memory.settled()
    expect([...files.keys()]).toEqual(['old/w/volunteer', 'run/v/part-1', 'run/w/part-1'])
    memory.endRun('run')
    await memory.settled()
    expect([...files.keys()]).toEqual(['old/w/volunteer'])
  })

  test('holds no more than it may, and finds the rest in its store', async () => {
    const files = new Map<string, Uint8Array>(), memory = new VolunteerMemory({ volunteerId: 'v', store: memoryStore(MAX_STATE_BYTES, files), maxHeldBytes: 8 })
    memory.beginRun('run')
    for (const part of ['a', 'b', 'c']) {
      memory.propose(part, state(part))
      memory.accepted(part)
    }
    await memory.settled()
    const [[, first]] = files as unknown as [[string, Uint8Array]]
    for (const part of ['a', 'b', 'c']) expect(await memory.recall(part, part)).toEqual(state(part))
    // Only c is held; what is gone from the store is gone.
    files.clear()
    expect(await memory.recall('c', 'c')).toEqual(state('c'))
    expect(await memory.recall('a', 'a')).toBeUndefined()
    const bounded = memoryStore(2 * first.byteLength)
    for (const key of ['a', 'b', 'c']) await bounded.set(key, first)
    expect(await bounded.keys()).toEqual(['b', 'c'])
  })

  test('a torn state is unknown', async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(40).fill(255)]) {
      expect(await open(memoryStore(MAX_STATE_BYTES, new Map([['run/v/volunteer', bytes]]))).recall('volunteer', 'x')).toBeUndefined()
    }
  })
})

describe('state files', () => {
  const folders: string[] = []
  afterEach(async () => { for (const folder of folders.splice(0)) await rm(folder, { recursive: true }) })
  const folder = async (): Promise<string> => {
    const made = await mkdtemp(join(tmpdir(), 'memory-'))
    folders.push(made)
    return made
  }

  test('keeps states for another process, and removes them', async () => {
    const root = await folder(), memory = open(stateFiles(root))
    memory.propose('part-1-2', state('x'))
    memory.accepted('x')
    await memory.settled()
    expect(await stateFiles(root).keys()).toEqual(['run/v/part-1-2'])
    const other = open(stateFiles(root))
    expect(await other.recall('part-1-2', 'x')).toEqual(state('x'))
    other.endRun('run')
    await other.settled()
    expect(await stateFiles(root).keys()).toEqual([])
  })

  test('is bounded, and forgets what was written longest ago', async () => {
    const root = await folder(), store = stateFiles(root, 100)
    for (const key of ['run/v/a', 'run/v/b', 'run/v/c']) {
      await store.set(key, new Uint8Array(40))
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
    expect([...(await store.keys())].sort()).toEqual(['run/v/b', 'run/v/c'])
    await store.set('run/v/d', new Uint8Array(101))
    expect([...(await store.keys())].sort()).toEqual(['run/v/b', 'run/v/c'])
  })

  test('goes on where nothing can be written', async () => {
    const root = join(await folder(), 'file')
    await writeFile(root, '')
    await stateFiles(root).set('run/v/a', new Uint8Array(4))
    expect(await stateFiles(root).keys()).toEqual([])
    expect(await readdir(join(root, '..'))).toEqual(['file'])
  })
})
