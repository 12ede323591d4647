// The file that keeps tuning results under Node.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { tuningFile } from './tuning-file.ts'
import { forgiving } from './tuning-store.ts'

let folder: string
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'tuning-')) })
afterEach(() => rm(folder, { recursive: true }))

it('keeps what several writers at once set, and makes its folder', async () => {
  const path = join(folder, 'deep', 'tuning.json')
  const store = tuningFile(path)
  await Promise.all(Array.from({ length: 20 }, (_, i) => store.set(`key ${i}`, `value ${i}`)))
  expect(Object.keys(JSON.parse(await readFile(path, 'utf8')) as object)).toHaveLength(20)
  expect(await tuningFile(path).get('key 7')).toBe('value 7')
})

it('leaves what other stores wrote meanwhile, and comes to no harm where they write at once', async () => {
  const path = join(folder, 'tuning.json')
  const [first, second] = [tuningFile(path), tuningFile(path)]
  await first.get('none')
  await second.set('b', '2')
  await first.set('a', '1')
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ a: '1', b: '2' })
  await Promise.all(Array.from({ length: 20 }, (_, i) => [first, second][i % 2]!.set('c', String(i))))
  expect(await readdir(folder)).toEqual(['tuning.json'])
})

it('says where it cannot be written, which those forgive to whom it is only speed', async () => {
  await writeFile(join(folder, 'file'), '')
  const store = tuningFile(join(folder, 'file', 'tuning.json'))
  await expect(store.set('key', 'value')).rejects.toThrow(/ENOTDIR|EEXIST/)
  await forgiving(store).set('key', 'value')
  expect(await forgiving(store).get('other')).toBeUndefined()
})

it('begins anew where the file is broken', async () => {
  const path = join(folder, 'tuning.json')
  await writeFile(path, '{"half":')
  const store = tuningFile(path)
  expect(await store.get('half')).toBeUndefined()
  await store.set('key', 'value')
  expect(await tuningFile(path).get('key')).toBe('value')
})
