// A simulation that was stopped and can go on: what its disk holds, and what the report counts besides, in one file that is
// replaced in one step. It goes on as after a restart of the coordinator: what was being computed is lost, and everybody
// comes anew, with what they had stored.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../src/base/errors.ts'
import type { RunStatus } from '../../src/wire/dashboard.ts'
import type { MemoryDisk } from '../store/memory-disk.ts'
import type { SimulatedPoint } from './report.ts'

/** What the log does not tell. */
export interface SavedCounts extends Pick<RunStatus, 'bytesDown' | 'expired' | 'refused'> {
  readonly dropouts: number
  readonly virtualMs: number
  readonly wallSeconds: number
  readonly points: readonly SimulatedPoint[]
}

export interface SavedSimulation {
  readonly counts: SavedCounts
  readonly files: ReadonlyMap<string, Uint8Array>
  /** What volunteers remember. */
  readonly states: Map<string, Uint8Array>
}

interface Header {
  readonly format: 1
  /** What the simulation is of. */
  readonly subject: string
  readonly counts: SavedCounts
  readonly files: readonly (readonly [path: string, bytes: number])[]
  readonly states: readonly (readonly [key: string, bytes: number])[]
}

export function saveSimulation(path: string, { subject, counts, disk, states }: { readonly subject: string; readonly counts: SavedCounts; readonly disk: MemoryDisk; readonly states: ReadonlyMap<string, Uint8Array> }): void {
  const files = [...disk.contents()], remembered = [...states]
  const sizes = (contents: typeof files): Header['files'] => contents.map(([name, { length }]) => [name, length])
  const header: Header = { format: 1, subject, counts, files: sizes(files), states: sizes(remembered) }
  const json = Buffer.from(JSON.stringify(header))
  const size = Buffer.alloc(4)
  size.writeUInt32LE(json.length)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.draft`, Buffer.concat([size, json, ...[...files, ...remembered].map(([, bytes]) => bytes)]))
  renameSync(`${path}.draft`, path)
}

/** Undefined where there is none. Throws ConfigError where it is of another simulation. */
export function loadSimulation(path: string, subject: string): SavedSimulation | undefined {
  if (!existsSync(path)) return undefined
  const bytes = readFileSync(path)
  const start = 4 + bytes.readUInt32LE(0)
  const header = JSON.parse(bytes.toString('utf8', 4, start)) as Header
  if (header.subject !== subject) throw new ConfigError(`${path}: must be of the same run, volunteers and seed, got another simulation. Name another file, or delete it to begin anew.`)
  let at = start
  const read = (contents: Header['files']): Map<string, Uint8Array> => new Map(contents.map(([name, length]) => [name, new Uint8Array(bytes.subarray(at, (at += length)))]))
  return { counts: header.counts, files: read(header.files), states: read(header.states) }
}
