import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../src/base/errors.ts'
import type { ByteSplit } from '../src/data/dataset.ts'
import { shardDataset } from '../src/data/shards.ts'
import { encodeIdx } from '../src/data/sources/idx.ts'
import { loadDataset } from './datasets.ts'

const TRAIN = 6
const TEST = 3
const images = (count: number): Uint8Array => encodeIdx([count, 28, 28], Uint8Array.from({ length: count * 784 }, (_, i) => i % 251))
const labels = (count: number): Uint8Array => encodeIdx([count], Uint8Array.from({ length: count }, (_, i) => (i * 3) % 10))
const FILES: Readonly<Record<string, Uint8Array>> = {
  'train-images-idx3-ubyte': images(TRAIN),
  'train-labels-idx1-ubyte': labels(TRAIN),
  't10k-images-idx3-ubyte': images(TEST),
  't10k-labels-idx1-ubyte': labels(TEST),
}

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'datasets-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function write(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
}

const load = (limits: object = {}, dir: string | undefined = root): ReturnType<typeof loadDataset> => loadDataset({ name: 'mnist', ...limits }, dir, 1)

describe('loadDataset', () => {
  it('reads plain IDX files from the folder itself', async () => {
    await write(root, FILES)
    const dataset = await load()
    expect(dataset).toMatchObject({ name: 'mnist', shape: [28, 28, 1], classes: 10, scale: 1 / 255, offset: 0 })
    expect([dataset.train.examples, dataset.test.examples]).toEqual([TRAIN, TEST])
    expect([...dataset.train.labels]).toEqual([0, 3, 6, 9, 2, 5])
    expect([...dataset.test.values.subarray(784, 787)]).toEqual([784 % 251, 785 % 251, 786 % 251])
  })

  it('reads gzipped ones and other usual names from a root that holds the folder', async () => {
    const renamed = Object.entries(FILES).map(([name, bytes], i) => [i % 2 ? `${name.replace('-idx', '.idx')}.gz` : name, i % 2 ? gzipSync(bytes) : bytes] as const)
    await write(join(root, 'mnist'), Object.fromEntries(renamed))
    expect([...(await load()).train.labels]).toEqual([0, 3, 6, 9, 2, 5])
  })

  it('takes the first so many examples, and refuses to invent more', async () => {
    await write(root, FILES)
    const dataset = await load({ trainExamples: 4, testExamples: 1 })
    expect([...dataset.train.labels]).toEqual([0, 3, 6, 9])
    expect(dataset.train.values.length).toBe(4 * 784)
    expect(dataset.test.examples).toBe(1)
    await expect(load({ trainExamples: 7 })).rejects.toThrow('dataset.trainExamples: must be at most 6, got 7')
  })

  it('says which files are missing, where it looked and how to get them', async () => {
    const { 't10k-labels-idx1-ubyte': _, ...some } = FILES
    await write(join(root, 'mnist'), some)
    const error = (await load().catch((thrown: unknown) => thrown)) as Error
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.message).toContain('got only 3: missing t10k-labels-idx1-ubyte[.gz]')
    expect(error.message).toContain(`${root} and ${join(root, 'mnist')}`)
    expect(error.message).toContain('https://')
  })

  it('says so where no folder is named or it does not exist', async () => {
    await expect(loadDataset({ name: 'mnist' }, undefined, 1)).rejects.toThrow('--data-dir: must name the folder of data set "mnist", got nothing')
    await expect(load({}, join(root, 'nowhere'))).rejects.toThrow('got none of them')
  })

  it('names the file that is truncated, damaged or another one', async () => {
    const damaged: readonly (readonly [string, Uint8Array, string])[] = [
      ['train-images-idx3-ubyte', images(TRAIN).subarray(0, 2000), 'must have 4720 bytes'],
      ['train-images-idx3-ubyte', new Uint8Array(3), 'must have an IDX header'],
      ['t10k-images-idx3-ubyte', labels(TEST + 20), 'must begin as an IDX file of bytes with 3 dimensions (0x00000803), got 0x00000801'],
      ['t10k-labels-idx1-ubyte', labels(TEST + 1), 'must have a label for each of the 3 images'],
      ['train-labels-idx1-ubyte', encodeIdx([TRAIN], new Uint8Array(TRAIN).fill(11)), 'must hold labels below 10, got 11'],
      ['train-images-idx3-ubyte', gzipSync(images(TRAIN)).subarray(0, -40), 'must be a whole gzip file'],
    ]
    for (const [name, bytes, rule] of damaged) {
      await write(root, { ...FILES, [name]: bytes })
      const error = (await load().catch((thrown: unknown) => thrown)) as Error
      expect(error).toBeInstanceOf(ConfigError)
      expect(error.message).toContain(rule)
      expect(error.message).toContain(join(root, name))
    }
  })

  it('suggests the nearest name', async () => {
    await expect(loadDataset({ name: 'mnits' }, root, 1)).rejects.toThrow('Did you mean "mnist"?')
  })
})

const dataDir = process.env['DATA_DIR'] ?? '../shared/data'
const haveMnist = existsSync(join(dataDir, 'mnist')) || existsSync(join(dataDir, 'train-images-idx3-ubyte.gz'))

describe.skipIf(!haveMnist)(`the original MNIST files (skipped unless DATA_DIR or ../shared/data has them)`, () => {
  it('has the published sizes and class counts, and shards in seconds', async () => {
    const start = performance.now()
    const dataset = await load({}, dataDir)
    const { manifest } = await shardDataset(dataset, 1)
    expect(performance.now() - start).toBeLessThan(20_000)
    expect([manifest.train.examples, manifest.test.examples]).toEqual([60_000, 10_000])
    expect([manifest.train.shards.length, manifest.test.shards.length]).toEqual([60, 10])
    expect(Array.from({ length: 10 }, (_, digit) => dataset.test.labels.filter((label) => label === digit).length)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    console.info(`MNIST: loaded and sharded in ${Math.round(performance.now() - start)} ms`)
  })

  it('is read by the nearest of 4,000 drawn digits: the built-in set looks like it', async () => {
    const real = await loadDataset({ name: 'mnist', testExamples: 500 }, dataDir, 1)
    const drawn = await loadDataset({ name: 'digits', trainExamples: 4000, testExamples: 1 }, undefined, 1)
    const accuracy = nearestNeighbour(drawn.train, real.test)
    console.info(`digits: nearest neighbour reads MNIST with accuracy ${accuracy.toFixed(3)}`)
    expect(accuracy).toBeGreaterThan(0.8)
  })
})

/** Accuracy of the label of the nearest training image (squared distance) on the test images. */
function nearestNeighbour(train: ByteSplit, test: ByteSplit): number {
  let correct = 0
  for (let i = 0; i < test.examples; i++) {
    let best = Infinity
    let label = -1
    for (let j = 0; j < train.examples; j++) {
      let distance = 0
      for (let k = 0; k < 784 && distance < best; k++) distance += ((test.values[i * 784 + k] as number) - (train.values[j * 784 + k] as number)) ** 2
      if (distance < best) {
        best = distance
        label = train.labels[j] as number
      }
    }
    if (label === test.labels[i]) correct++
  }
  return correct / test.examples
}
