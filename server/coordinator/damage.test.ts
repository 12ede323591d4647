// Not drawn but enumerated: every cut of bytes that were not synced, and flips in every frame of a log that were.
import { beforeAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { createInlineNumeric } from '../numeric/inline.ts'
import type { FaultDisk } from '../store/fault-disk.ts'
import { DamageError, logPath, MARK, readLog } from '../store/log.ts'
import { openRun } from './open-run.ts'
import type { LogRecord } from './records.ts'
import { Simulation, STUB_MODEL } from './simulation.ts'
import { checkRules } from './trial.ts'

const FRAME_HEADER_BYTES = 20

async function recordsOf(disk: FaultDisk): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = []
  await readLog(disk, 1, (read) => void records.push(...read as readonly LogRecord[]))
  return records
}

/** What a coordinator makes of this disk. */
async function recoverFrom(disk: FaultDisk, simulation: Simulation): Promise<{ readonly version: number; readonly hash: string; readonly records: readonly LogRecord[] }> {
  return { ...await openOn(disk, simulation), records: await recordsOf(disk) }
}

async function openOn(disk: FaultDisk, { config, dataset }: Simulation): Promise<{ readonly version: number; readonly hash: string }> {
  const host = await openRun({
    dir: disk, config, dataset, model: STUB_MODEL, clock: { now: () => 0, after: () => () => {} }, numeric: createInlineNumeric(), rng: createRng(1),
    evaluator: { open: async () => {}, evaluate: () => new Promise(() => {}), close: async () => {} },
  })
  const { modelVersion: version, modelHash: hash } = host.status()
  return { version, hash }
}

/** The mark is overwritten in place: all of it may be torn at any time. */
const syncedBytes = (disk: FaultDisk, path: string): number => (path === MARK ? 0 : disk.syncedBytes(path))

/** Runs on until the disk holds bytes of this file that are not synced, behind some that are. */
async function runUntilUnsynced(simulation: Simulation, file: RegExp): Promise<string> {
  for (let tries = 0; tries < 100_000; tries++) {
    const { disk, clock, witness } = simulation
    const path = disk.paths().find((name) => file.test(name) && disk.peek(name)!.length > syncedBytes(disk, name))
    if (path !== undefined && witness.acknowledged.size > 3) return path
    await clock.run(clock.now() + 0.25)
  }
  throw new Error(`no unsynced bytes of ${file.source}`)
}

describe('bytes that were not synced', () => {
  it.each([['log', /^logs\//], ['payloads', /^payloads-/], ['the mark', /^log\.synced$/]] as const)('P1 P4 P5: may be cut anywhere: %s', async (_, file) => {
    const simulation = new Simulation({ seed: 3, schedule: 'synchronous', volunteers: 5 })
    await simulation.run(0, 2_000)
    for (let moment = 0; moment < 3; moment++) {
      const path = await runUntilUnsynced(simulation, file)
      const whole = simulation.disk.peek(path)!
      for (let cut = syncedBytes(simulation.disk, path); cut <= whole.length; cut++) {
        const disk = simulation.disk.copy()
        disk.put(path, whole.slice(0, cut))
        const { records } = await recoverFrom(disk, simulation)
        // P1: all that was acknowledged, and V3: every version that was served, is there.
        checkRules(simulation, records)
      }
      await simulation.clock.run(simulation.clock.now() + 500)
    }
  }, 180_000)
})

describe('bytes that were synced', () => {
  let simulation: Simulation
  let records: readonly LogRecord[]
  /** Where each frame of the log lies. */
  const frames: { readonly path: string; readonly start: number; readonly end: number }[] = []
  let lastFile = ''

  beforeAll(async () => {
    simulation = new Simulation({ seed: 4, schedule: 'synchronous' })
    await simulation.run(0, 3_000)
    // Closing takes a checkpoint: one at the beginning, two on the way.
    for (let i = 0; i < 2; i++) {
      const closing = simulation.host!.close()
      await simulation.clock.run(simulation.clock.now() + 500)
      await closing
      simulation.crash()
      await simulation.clock.run(simulation.clock.now() + 4_000)
    }
    records = await simulation.records()
    for (let file = 1; simulation.disk.peek(logPath(file)) !== undefined; file++) {
      const path = lastFile = logPath(file)
      const log = simulation.disk.peek(path)!, view = new DataView(log.buffer, log.byteOffset, log.byteLength)
      for (let start = 0; start < log.length;) frames.push({ path, start, end: start += FRAME_HEADER_BYTES + view.getUint32(start, true) })
    }
  })

  const lastGood = (frame: number): RegExp => {
    const { version } = records.slice(0, frame).findLast((record) => record.type === 'checkpoint')!
    return new RegExp(`The last good checkpoint is version ${version}: go back to it \\(commonweight rollback --to-version ${version}\\)`)
  }

  it('P5: are damaged in any byte of any frame: whoever reads the log stops', async () => {
    expect(records.filter(({ type }) => type === 'checkpoint').length).toBeGreaterThanOrEqual(3)
    expect(frames).toHaveLength(records.length)
    const disk = simulation.disk.copy()
    for (const { path, start, end } of frames) {
      // Every byte of the header, and one in eleven of what it holds.
      for (let at = start; at < end; at += at < start + FRAME_HEADER_BYTES ? 1 : 11) {
        const bytes = disk.peek(path)!
        bytes[at]! ^= 1 << (at % 8)
        await expect(recordsOf(disk), `flip at byte ${at} of ${path}`).rejects.toThrow(DamageError)
        bytes[at]! ^= 1 << (at % 8)
      }
    }
  }, 180_000)

  it('P5 P8: since the last checkpoint: the start stops and names it; before it: the start does without', async () => {
    const sound = await recoverFrom(simulation.disk.copy(), simulation)
    for (const [frame, { path, start, end }] of frames.entries()) {
      const disk = simulation.disk.copy()
      disk.peek(path)![start + FRAME_HEADER_BYTES + (frame % (end - start - FRAME_HEADER_BYTES))]! ^= 1
      const starting = openOn(disk, simulation)
      if (path === lastFile) await expect(starting, `frame ${frame}`).rejects.toThrow(lastGood(frame))
      else expect(await starting, `frame ${frame}`).toMatchObject({ version: sound.version, hash: sound.hash })
    }
  }, 180_000)

  it('P5: are missing from any frame on: whoever reads the log stops', async () => {
    for (const { path, start } of frames) {
      const disk = simulation.disk.copy()
      disk.put(path, simulation.disk.peek(path)!.slice(0, start + (start % 30)))
      await expect(recordsOf(disk), `cut at ${start} of ${path}`).rejects.toThrow(DamageError)
    }
  })

  it('P2 P5: of payloads and checkpoints are damaged: the start stops, or they were not needed', async () => {
    const sound = await recoverFrom(simulation.disk.copy(), simulation)
    let stopped = 0
    for (const path of simulation.disk.paths().filter((name) => /^(payloads-|files\/)/.test(name))) {
      // States of checkpoints are long.
      const { length } = simulation.disk.peek(path)!
      for (let at = 0; at < length; at += Math.max(3, length >> 6)) {
        const disk = simulation.disk.copy()
        disk.peek(path)![at]! ^= 1 << (at % 8)
        const recovered = await recoverFrom(disk, simulation).catch((error: unknown) => error)
        if (recovered instanceof ConfigError) stopped++
        else expect(recovered, `flip at byte ${at} of ${path}`).toMatchObject({ version: sound.version, hash: sound.hash })
      }
    }
    expect(stopped).toBeGreaterThan(20)
  }, 180_000)
})
