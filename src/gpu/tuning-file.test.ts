// The file that keeps tuning results under Node.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { tuningFile } from './tuning-file.ts'

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

it('begins anew where the file is broken', async () => {
  const path = join(folder, 'tuning.json')
  await writeFile(path, '{"half":')
  const store = tuningFile(path)
  expect(await store.get('half')).toBeUndefined()
  await store.set('key', 'value')
  expect(await tuningFile(path).get('key')).toBe('value')
})
