// What a state folder remembers of a run besides its log: under which id it runs, with which configuration and data.
// Going on with anything else would mix two runs, so that is refused.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { ConfigError, InvariantError } from '../../src/base/errors.ts'
import { nearest } from '../../src/base/registry.ts'
import type { DatasetManifest } from '../../src/data/dataset.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import { parseRun } from '../runs.ts'
import { sha256 } from '../sha256.ts'
import { lockHolder } from '../state-lock.ts'

export interface StoredRun {
  readonly runId: string
  /** Folder of the log and the files. */
  readonly dir: string
  /** It has been begun before. */
  readonly resumed: boolean
}

export interface RunFile {
  /** Its own for every beginning, so that pages of an earlier one cannot mistake this one for it. */
  readonly runId: string
  readonly config: RunConfig
  readonly dataHash: string
}

export interface StoredRunOptions {
  readonly stateDir: string
  readonly config: RunConfig
  readonly manifest: DatasetManifest
  readonly fresh: boolean
}

/** Throws ConfigError where the folder holds another configuration of this run, or other data. */
export function storedRun({ stateDir, config, manifest, fresh }: StoredRunOptions): StoredRun {
  const folder = runFolder(stateDir, config.name), file = runFile(stateDir, config.name)
  const dataHash = sha256(JSON.stringify(manifest))
  if (fresh) rmSync(folder, { recursive: true, force: true })
  const stored = readRunFile(file)
  if (stored === undefined) {
    if (existsSync(logFolder(stateDir, config.name))) throw new ConfigError(`${file}: must be there beside the log of the run, got no file. Restore a backup (commonweight restore FILE), or begin anew with --fresh.`)
    const runId = `${config.name.slice(0, 50)}-${randomBytes(3).toString('hex')}`
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${file}.draft`, JSON.stringify({ runId, config, dataHash } satisfies RunFile, undefined, 2))
    renameSync(`${file}.draft`, file)
    return { runId, dir: logFolder(stateDir, config.name), resumed: false }
  }
  const remedy = 'Start with --fresh to begin anew (the stored progress is deleted), or with another --state-dir.'
  const difference = firstDifference(parseRun(stored.config, file), config)
  if (difference !== undefined) throw new ConfigError(`run ${config.name}: must be as it was begun, got ${difference}. ${remedy}`)
  if (stored.dataHash !== dataHash) throw new ConfigError(`run ${config.name}: must go on with the data it was begun with, got other data. ${remedy}`)
  return { runId: stored.runId, dir: logFolder(stateDir, config.name), resumed: true }
}

/** Names of the runs in a state folder. */
export function storedRunNames(stateDir: string): readonly string[] {
  try {
    return readdirSync(join(stateDir, 'runs')).filter((name) => !name.startsWith('.') && existsSync(runFile(stateDir, name)))
  } catch {
    return []
  }
}

/** The run of this name, or the only one. Throws ConfigError where there is none, or several. */
export function storedRunNamed(stateDir: string, wanted: string | undefined): string {
  const names = storedRunNames(stateDir)
  if (names.length === 0) throw new ConfigError(`${stateDir}: must hold runs, got none. Name the --state-dir of a coordinator.`)
  const name = wanted ?? names[0]!
  if (wanted === undefined && names.length > 1) throw new ConfigError(`--run: must name one of ${names.join(', ')}, got nothing. Add it.`)
  if (!names.includes(name)) throw new ConfigError(`--run: must be one of ${names.join(', ')}, got "${name}". ${nearest(name, names)}`)
  return name
}

/** Throws ConfigError where a process uses the folder: `what` must not happen meanwhile. */
export function requireUnused(stateDir: string, what: string): void {
  const holder = lockHolder(stateDir)
  if (holder !== undefined) throw new ConfigError(`${stateDir}: must not be in use while it is ${what}, but process ${holder} writes to it. Stop that one first (Ctrl-C in its terminal).`)
}

/** Names the run, and where it lies, in what is wrong with its log. */
export async function ofRun<T>(stateDir: string, name: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    const isOfDisk = typeof (cause as NodeJS.ErrnoException).errno === 'number'
    if (!(cause instanceof ConfigError || cause instanceof InvariantError || (cause instanceof Error && isOfDisk))) throw cause
    throw new ConfigError(`${name}: ${cause.message} (${logFolder(stateDir, name)})`, { cause })
  }
}

export const logFolder = (stateDir: string, name: string): string => join(runFolder(stateDir, name), 'log')

export const runFolder = (stateDir: string, name: string): string => join(stateDir, 'runs', name)

export const runFile = (stateDir: string, name: string): string => join(runFolder(stateDir, name), 'run.json')

/** Undefined where there is none. Throws ConfigError where it is damaged. */
export function readRunFile(file: string): RunFile | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  const remedy = 'Restore a backup (commonweight restore FILE), or begin anew with --fresh.'
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(`${file}: must be JSON, got a damaged file. ${remedy}`, { cause })
  }
  if (!v.is(RunFileSchema, content)) throw new ConfigError(`${file}: must hold the id, the configuration and the data of a run, got something else. ${remedy}`)
  return content as unknown as RunFile
}

/** As much as tells it from anything else: the configuration is checked by whoever goes on with it. */
const RunFileSchema = v.object({ runId: v.string(), config: v.looseObject({ name: v.string() }), dataHash: v.string() })

/** "epochs 3 where it was 5" for the first value that differs. */
function firstDifference(stored: unknown, wanted: unknown, path = ''): string | undefined {
  if (typeof stored === 'object' && stored !== null && typeof wanted === 'object' && wanted !== null) {
    for (const key of new Set([...Object.keys(stored), ...Object.keys(wanted)])) {
      const difference = firstDifference((stored as Record<string, unknown>)[key], (wanted as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`)
      if (difference !== undefined) return difference
    }
    return undefined
  }
  return stored === wanted ? undefined : `${path} ${JSON.stringify(wanted)} where it was ${JSON.stringify(stored)}`
}
