// `commonweight backup`, `restore` and `rollback`: a run as one file, taken while it goes on; a run out of such a file; a run
// as it was at an earlier checkpoint.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ConfigError, InvariantError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { backUpRun, type RunBackup } from '../archive/back-up-run.ts'
import { leap, rollBack } from '../archive/roll-back.ts'
import { packTar, unpackTar, type TarEntry } from '../archive/tar.ts'
import { verifyLog } from '../coordinator/verify-log.ts'
import { lockState } from '../state-lock.ts'
import { createHoldingDisk, createNodeDisk } from '../store/node-disk.ts'
import { logFolder, ofRun, readRunFile, requireUnused, runFile, runFolder, storedRunNamed, storedRunNames, type RunFile } from './stored-run.ts'

export interface BackupOptions {
  readonly stateDir: string
  readonly run?: string
  readonly to: string
}

const RUN_FILE = 'run.json'
/** What an archive may hold, under the run's folder. */
const NAMES = /^(run\.json|log\/(log\.synced|logs\/[1-9]\d*|payloads-\d+|files\/[0-9a-f]{64}))$/

/** The run may be going on: nothing is locked, and it does not notice. */
export async function backup({ stateDir, run, to }: BackupOptions): Promise<void> {
  const name = storedRunNamed(stateDir, run)
  const file = runFile(stateDir, name)
  readRunFile(file)
  const disk = createHoldingDisk(logFolder(stateDir, name))
  try {
    const taken = await ofRun(stateDir, name, () => backUpRun(disk))
    const bytes = await writeArchive(to, packTar(entriesOf(file, taken), Date.now() / 1000))
    console.log(`${to}: ${name}, the checkpoint of version ${taken.version} and ${taken.updates} updates accepted after it, ${bytes} bytes`)
  } finally {
    await disk.close()
  }
}

async function* entriesOf(file: string, { entries }: RunBackup): AsyncGenerator<TarEntry> {
  const bytes = await readFile(file)
  yield { name: RUN_FILE, bytes: bytes.length, pieces: async function* () { yield bytes } }
  for await (const entry of entries()) yield { ...entry, name: `log/${entry.name}` }
}

/** Under another name until it is whole. */
async function writeArchive(to: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  const draft = `${to}.draft`
  if (existsSync(to)) throw new ConfigError(`--to: must be a file that is not there yet, got ${to}, which is. Choose another name, or move it away: it may be the only backup of another run.`)
  const isUnwritable = (cause: unknown): never => {
    if (!isOfSystem(cause)) throw cause
    throw new ConfigError(`--to: must be a file that can be written, got ${to} (${cause.message}). Free space there, or choose another place.`, { cause })
  }
  const file = await open(draft, 'w').catch(isUnwritable)
  let bytes = 0
  try {
    for await (const piece of pieces) {
      await file.writeFile(piece)
      bytes += piece.length
    }
    await file.sync()
  } catch (error) {
    await rm(draft, { force: true })
    return isUnwritable(error)
  } finally {
    await file.close()
  }
  await rename(draft, to)
  return bytes
}

const isOfSystem = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number'

/** Into a folder that does not hold this run. It goes on from there when it is started, in an incarnation of its own. */
export async function restore(from: string, { stateDir }: { readonly stateDir: string }): Promise<void> {
  const draft = join(stateDir, 'runs', '.restoring')
  const archive = await openArchive(from)
  let unlock = (): void => {}
  try {
    unlock = lockState(stateDir)
    await rm(draft, { recursive: true, force: true })
    const name = await unpack(archive, draft)
    if (storedRunNames(stateDir).includes(name)) throw new ConfigError(`${stateDir}: must not hold ${name}, whose place the archive takes, but it does. Choose another folder with --state-dir, or move ${runFolder(stateDir, name)} away.`)
    const log = await verifyLog(join(draft, 'log')).catch((cause: unknown) => {
      if (cause instanceof InvariantError || cause instanceof ConfigError) throw new ConfigError(`${from}: must hold a run whose log holds, got: ${cause.message}`, { cause })
      throw cause
    })
    await changeFolder(join(draft, 'log'), (disk) => leap(disk, ownRng()))
    await rm(runFolder(stateDir, name), { recursive: true, force: true })
    await rename(draft, runFolder(stateDir, name))
    console.log(`${name}: restored into ${stateDir} with ${log.accepted} accepted updates in ${log.versions} versions. The log holds. commonweight start --run ${name} goes on from there.`)
  } catch (cause) {
    if (!isOfSystem(cause)) throw cause
    throw new ConfigError(`${stateDir}: must have room for the run, got ${cause.message}. Nothing was restored: free space or correct its permissions, or choose another folder with --state-dir.`, { cause })
  } finally {
    await rm(draft, { recursive: true, force: true }).catch(() => {})
    await archive.close()
    unlock()
  }
}

async function openArchive(from: string): Promise<FileHandle> {
  const unreadable = (why: string): ConfigError => new ConfigError(`restore: must be given a file that can be read, got ${from} (${why}). Name one that commonweight backup wrote.`)
  const archive = await open(from, 'r').catch((cause: Error) => {
    throw unreadable(cause.message)
  })
  if ((await archive.stat()).isFile()) return archive
  await archive.close()
  throw unreadable('no plain file')
}

/** Returns the run's name. */
async function unpack(archive: FileHandle, folder: string): Promise<string> {
  let config: RunFile | undefined
  for await (const { name, pieces } of unpackTar(async (offset, length) => {
    const { bytesRead, buffer } = await archive.read(new Uint8Array(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  })) {
    if (!NAMES.test(name)) throw new ConfigError(`archive: must hold the files of a run only, got "${name.slice(0, 60)}". It is not one of commonweight backup.`)
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    const file = await open(path, 'w')
    try {
      for await (const piece of pieces()) await file.writeFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    if (name === RUN_FILE) config = readRunFile(path)
  }
  const name = config?.config.name
  if (name === undefined || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) throw new ConfigError('archive: must hold a run.json with the run\'s name, got none. It is not one of commonweight backup.')
  return name
}

export async function rollback({ stateDir, run, toVersion }: { readonly stateDir: string; readonly run?: string; readonly toVersion: number }): Promise<void> {
  requireUnused(stateDir, 'rolled back')
  const name = storedRunNamed(stateDir, run)
  const unlock = lockState(stateDir)
  try {
    const { at } = await ofRun(stateDir, name, () => changeFolder(logFolder(stateDir, name), (disk) => rollBack(disk, toVersion, ownRng())))
    console.log(`${name}: back at the checkpoint of version ${toVersion}, with ${at.accepted} accepted updates of ${at.examples} examples. What was accepted after it is gone. commonweight start --run ${name} goes on from there.`)
  } finally {
    unlock()
  }
}

async function changeFolder<T>(folder: string, change: (disk: Awaited<ReturnType<typeof createNodeDisk>>) => Promise<T>): Promise<T> {
  const disk = await createNodeDisk(folder)
  return change(disk).finally(() => disk.close())
}

const ownRng = (): ReturnType<typeof createRng> => createRng(randomBytes(16).toString('hex'))
