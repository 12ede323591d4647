// Finds a data set's files on disk and loads it. `--data-dir` (or DATA_DIR) names either the data set's own folder or a
// root that holds such folders; both are accepted everywhere.
import { readFile, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ConfigError } from '../src/base/errors.ts'
import type { ByteDataset } from '../src/data/dataset.ts'
import { gunzipIfNeeded } from '../src/data/gzip.ts'
import { shardDataset, shardParts, type ShardedDataset } from '../src/data/shards.ts'
import { datasetSources } from '../src/data/sources/index.ts'
import type { DatasetSource, SourceInput } from '../src/data/sources/source.ts'
import type { RunConfig } from '../src/wire/run-config.ts'

/** Throws ConfigError where the name is unknown, files are missing or damaged, or there are too few examples. */
export async function loadDataset(choice: RunConfig['dataset'], dataDir: string | undefined, seed: number): Promise<ByteDataset> {
  const source = datasetSources.get(choice.name)
  const files = source.files.length === 0 ? {} : await readFiles(source, dataDir)
  return source.load({ files, seed, trainExamples: choice.trainExamples, testExamples: choice.testExamples })
}

/** The run's data as shards: divided where the run divides it. */
export async function loadShards({ dataset, partition, seed }: Pick<RunConfig, 'dataset' | 'partition' | 'seed'>, dataDir: string | undefined): Promise<ShardedDataset> {
  const whole = await loadDataset(dataset, dataDir, seed)
  return partition === undefined ? shardDataset(whole, seed) : shardParts(whole, partition, seed)
}

async function readFiles(source: DatasetSource, dataDir: string | undefined): Promise<SourceInput['files']> {
  if (dataDir === undefined || dataDir === '') {
    throw new ConfigError(`--data-dir: must name the folder of data set "${source.name}", got nothing. ${source.howToGet}`)
  }
  const folders = [resolve(dataDir), ...(source.folders ?? [source.name]).map((name) => resolve(dataDir, name))]
  const found = await Promise.all(folders.map((folder) => findFiles(source, folder)))
  const complete = found.findIndex((paths) => paths.every((path, i) => path !== undefined || source.files[i]?.optional === true))
  if (complete < 0) throw missing(source, folders, found)
  const there = (found[complete] ?? []).flatMap((path, i) => (path === undefined ? [] : [{ path, role: source.files[i]?.role as string }]))
  const contents = await Promise.all(there.map(({ path }) => readContents(path)))
  return Object.fromEntries(there.map(({ path, role }, i) => [role, { path, bytes: contents[i] as Uint8Array }]))
}

/** The path of each of the source's files, undefined where there is none. */
async function findFiles(source: DatasetSource, folder: string): Promise<(string | undefined)[]> {
  const present = new Set(await readdir(folder).catch(() => [] as string[]))
  return source.files.map(({ names }) => {
    const name = names.flatMap((plain) => [plain, `${plain}.gz`]).find((candidate) => present.has(candidate))
    return name === undefined ? undefined : join(folder, name)
  })
}

async function readContents(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new ConfigError(`${path}: must be readable, got ${cause.message}. Check its permissions.`, { cause })
  })
  return gunzipIfNeeded(bytes, path)
}

/** Speaks of the folder that has most of the files: that is where a person put them. */
function missing(source: DatasetSource, folders: readonly string[], found: readonly (readonly (string | undefined)[])[]): ConfigError {
  const counts = found.map((paths) => paths.filter((path) => path !== undefined).length)
  const best = counts.indexOf(Math.max(...counts))
  const absent = source.files.filter(({ optional }, i) => optional !== true && found[best]?.[i] === undefined).map(({ names }) => `${names[0]}[.gz]`)
  return new ConfigError(
    `--data-dir: must hold the files of data set "${source.name}", got ${counts[best] === 0 ? 'none of them' : `only ${counts[best]}`}: missing ${absent.join(', ')} ` +
      `(looked in ${folders.join(' and ')}). ${source.howToGet}`,
  )
}
