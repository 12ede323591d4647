// Where a volunteer's memory (memory.ts) outlives a reload, as a port: IndexedDB in a browser (state-idb.ts), files under
// Node (state-files.ts). Keys are `<runId>/<volunteerId>/<what it is of>`. A store is bounded: it forgets what was written
// longest ago. One that cannot write loses states, which costs accuracy for a while and never correctness.

export interface StateStore {
  get(key: string): Promise<Uint8Array | undefined>
  set(key: string, bytes: Uint8Array): Promise<void>
  keys(): Promise<readonly string[]>
  remove(key: string): Promise<void>
}

/** Of one browser, or of one machine's Node volunteers. */
export const MAX_STATE_BYTES = 512 << 20
