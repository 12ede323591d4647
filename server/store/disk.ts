// What the store needs of a disk, as a port: the file system, or memory with faults in tests and in the simulator.
// Paths are relative to the run's folder. Nothing is durable before `sync` (contents) or `syncDirectory` (names).

export interface Disk {
  /** Adds to the end, one behind the other; creates the file if needed. */
  append(path: string, ...pieces: Uint8Array[]): Promise<void>
  /** Replaces the contents, in place. */
  write(path: string, bytes: Uint8Array): Promise<void>
  sync(path: string): Promise<void>
  /** Makes creations, renames and removals of this folder durable. */
  syncDirectory(path: string): Promise<void>
  /** The whole file, or `length` bytes from `offset` (fewer at its end). Undefined where there is none. */
  read(path: string, offset?: number, length?: number): Promise<Uint8Array | undefined>
  truncate(path: string, length: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** No error where there is none. */
  remove(path: string): Promise<void>
  /** Names in a folder; empty where there is none. */
  list(path: string): Promise<string[]>
  close(): Promise<void>
}

/** What readers need of it. */
export type ReadableDisk = Pick<Disk, 'read' | 'list'>

/** Why a disk refused, for people. */
export function describeDiskError(error: unknown): string {
  const code = (error as { code?: string }).code
  switch (code) {
    case 'ENOSPC': return 'the disk is full: free some space, and the run goes on'
    case 'EDQUOT': return 'the disk quota is used up: free some space, and the run goes on'
    case 'EFBIG': return 'a file may not grow further: raise the limit on the size of files (ulimit -f), and the run goes on'
    case 'EROFS': return 'the disk is read-only: make it writable, and the run goes on'
    case 'EACCES': case 'EPERM': return 'the state folder may not be written: correct its permissions, and the run goes on'
    default: return `the disk cannot be written (${error instanceof Error ? error.message : String(error)})`
  }
}
