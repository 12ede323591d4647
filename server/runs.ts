// Run files: the named ones of server/runs, or any JSON file by its path. One schema checks them, and what it refuses is
// named together with the nearest thing that would do.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '../src/base/errors.ts'
import { parseOptions } from '../src/base/parse-options.ts'
import { nearest } from '../src/base/registry.ts'
import { expandPreset } from '../src/fed/presets/expand.ts'
import { RunConfigSchema, type RunConfig } from '../src/wire/run-config.ts'

const named = new Map(
  Object.entries(import.meta.glob<unknown>('./runs/*.json', { eager: true, import: 'default' })).map(([path, json]) => [path.replace(/^.*\/|\.json$/g, ''), json] as const),
)

export const runNames = (): readonly string[] => [...named.keys()]

/** A run by name, or by the path of a JSON file. Throws ConfigError where there is none or it is not valid. */
export async function findRun(nameOrPath: string): Promise<RunConfig> {
  if (!/[\\/]|\.json$/.test(nameOrPath)) {
    const json = named.get(nameOrPath)
    if (json !== undefined) return parseRun(json, nameOrPath)
    throw new ConfigError(`--run: must be a file or one of ${runNames().join(', ')}, got "${nameOrPath}". ${nearest(nameOrPath, runNames())}`)
  }
  const path = resolve(nameOrPath)
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new ConfigError(`--run: must be a file that can be read, got ${path} (${cause.message}). Name another, or a named run: ${runNames().join(', ')}.`, { cause })
  })
  return parseRun(parseJson(text, path), path)
}

/** Throws ConfigError naming the wrong key or value, and the nearest valid one. `origin` says where `json` is from. */
export const parseRun = (json: unknown, origin: string): RunConfig => parseOptions(RunConfigSchema, withPreset(json), `${origin}: run`)

const withPreset = (json: unknown): unknown =>
  typeof json === 'object' && json !== null && 'strategy' in json ? { ...json, strategy: expandPreset(json.strategy) } : json

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(`${path}: must be JSON, got a file that is not (${(cause as Error).message}). Correct it.`, { cause })
  }
}
