// One coordinator at a time may write a state folder: a lock file names the process that does. A lock whose process is
// gone (killed, or the machine restarted) is taken over.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../src/base/errors.ts'

interface LockFile {
  readonly pid: number
  /** Tells a process from a later one with the same number; absent where the system does not say. */
  readonly started?: string
}

/** Returns the function that releases it. Throws ConfigError where another process holds it. */
export function lockState(folder: string): () => void {
  const path = join(folder, 'lock')
  makeFolder(folder)
  const started = startOf(process.pid)
  const own: LockFile = { pid: process.pid, ...(started === undefined ? {} : { started }) }
  for (let attempt = 0; attempt < 3; attempt++) {
    if (create(path, own)) return () => rmSync(path, { force: true })
    const holder = read(path)
    if (holder !== undefined && isAlive(holder)) {
      throw new ConfigError(`${folder}: must be used by one coordinator at a time, but process ${holder.pid} uses it already. Stop that one first (Ctrl-C in its terminal), or choose another folder with --state-dir.`)
    }
    // Of a process that is gone.
    removeLock(path)
  }
  throw new ConfigError(`${path}: must be a file that can be made, but other processes keep making it. Try again.`)
}

function removeLock(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch (error) {
    throw unwritable(path, error)
  }
}

const unwritable = (path: string, cause: unknown): ConfigError =>
  new ConfigError(`${path}: must be in a folder that can be written, got ${(cause as Error).message}. Free space or correct its permissions, or choose another folder with --state-dir.`, { cause })

/** The process that uses a state folder now, if any. */
export function lockHolder(folder: string): number | undefined {
  const holder = read(join(folder, 'lock'))
  return holder !== undefined && isAlive(holder) ? holder.pid : undefined
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw new ConfigError(`${folder}: must be a folder that can be made, got ${(cause as Error).message}. Choose another with --state-dir.`, { cause })
  }
}

function create(path: string, content: LockFile): boolean {
  try {
    writeFileSync(path, JSON.stringify(content), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    // On a full disk it is there, but empty; on a read-only one it is not.
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') removeLock(path)
    throw unwritable(path, error)
  }
}

/** Undefined where it is gone or torn: its writer died while writing. */
function read(path: string): LockFile | undefined {
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as Partial<LockFile>
    return typeof content.pid === 'number' ? (content as LockFile) : undefined
  } catch {
    return undefined
  }
}

function isAlive({ pid, started }: LockFile): boolean {
  const now = startOf(pid)
  if (started !== undefined && now !== undefined) return started === now && pid !== process.pid
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Boot and time at which a process started, where /proc tells; numbers alone come back after a restart, often in containers. */
function startOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`
  } catch {
    return undefined
  }
}
