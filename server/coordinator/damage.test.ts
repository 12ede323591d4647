// Not drawn but enumerated: every cut of bytes that were not synced, and flips in every frame of a log that were.
import { beforeAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { createInlineNumeric } from '../numeric/inline.ts'
import type { FaultDisk } from '../store/fault-disk.ts'
import { readLog } from '../store/store.ts'
import { openRun } from './open-run.ts'
import type { LogRecord } from './records.ts'
import { Simulation, STUB_MODEL } from './simulation.ts'
import { checkRules } from './trial.ts'

const FRAME_HEADER_BYTES = 20

/** What a coordinator makes of this disk. */
async function recoverFrom(disk: FaultDisk, { config, dataset }: Simulation): Promise<{ readonly version: number; readonly hash: string; readonly records: readonly LogRecord[] }> {
  const host = await openRun({
    dir: disk, config, dataset, model: STUB_MODEL, clock: { now: () => 0, after: () => () => {} }, numeric: createInlineNumeric(), rng: createRng(1),
    evaluator: { open: async () => {}, evaluate: () => new Promise(() => {}), close: async () => {} },
  })
  const { modelVersion: version, modelHash: hash } = host.status()
  return { version, hash, records: (await readLog(disk)).records as readonly LogRecord[] }
}

/** Runs on until the disk holds bytes of this file that are not synced, behind some that are. */
async function runUntilUnsynced(simulation: Simulation, file: RegExp): Promise<string> {
  for (let tries = 0; tries < 100_000; tries++) {
    const { disk, clock, witness } = simulation
    const path = disk.paths().find((name) => file.test(name) && disk.peek(name)!.length > disk.syncedBytes(name))
    if (path !== undefined && witness.acknowledged.size > 3) return path
    await clock.run(clock.now() + 0.25)
  }
  throw new Error(`no unsynced bytes of ${file.source}`)
}

describe('bytes that were not synced', () => {
  it.each([['log', /^log$/], ['payloads', /^payloads-/], ['the mark', /^log\.synced$/]] as const)('P1 P4 P5: may be cut anywhere: %s', async (_, file) => {
    const simulation = new Simulation({ seed: 3, schedule: 'synchronous', volunteers: 5 })
    await simulation.run(0, 2_000)
    for (let moment = 0; moment < 3; moment++) {
      const path = await runUntilUnsynced(simulation, file)
      const whole = simulation.disk.peek(path)!
      for (let cut = simulation.disk.syncedBytes(path); cut <= whole.length; cut++) {
        const disk = simulation.disk.copy()
        disk.put(path, whole.slice(0, cut))
        const { records } = await recoverFrom(disk, simulation)
        // P1: all that was acknowledged, and V3: every version that was served, is there.
        checkRules(simulation, records)
      }
      await simulation.clock.run(simulation.clock.now() + 500)
    }
  }, 60_000)
})

describe('bytes that were synced', () => {
  let simulation: Simulation
  let records: readonly LogRecord[]
  /** Where each frame of the log begins, and where the last one ends. */
  const frames: number[] = []

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
    const log = simulation.disk.peek('log')!, view = new DataView(log.buffer, log.byteOffset, log.byteLength)
    for (let at = 0; at < log.length; at += FRAME_HEADER_BYTES + view.getUint32(at, true)) frames.push(at)
    frames.push(log.length)
  })

  const lastGood = (frame: number): RegExp => {
    const checkpoint = records.slice(0, frame).findLast((record) => record.type === 'checkpoint')
    return checkpoint === undefined ? /It holds no checkpoint before the damage/ : new RegExp(`The last checkpoint before the damage is version ${checkpoint.version};`)
  }

  it('P5: are damaged in any byte of any frame: the start stops and names the last good checkpoint', async () => {
    expect(records.filter(({ type }) => type === 'checkpoint')).toHaveLength(3)
    expect(frames.length - 1).toBe(records.length)
    for (let frame = 0; frame < records.length; frame++) {
      const start = frames[frame]!, end = frames[frame + 1]!
      // Every byte of the header, and one in eleven of what it holds.
      for (let at = start; at < end; at += at < start + FRAME_HEADER_BYTES ? 1 : 11) {
        const disk = simulation.disk.copy()
        disk.peek('log')![at]! ^= 1 << (at % 8)
        const reading = readLog(disk)
        await expect(reading, `flip at byte ${at}`).rejects.toThrow(ConfigError)
        await expect(reading, `flip at byte ${at}`).rejects.toThrow(lastGood(frame))
      }
    }
  }, 60_000)

  it('P5: are missing from any frame on: the start stops', async () => {
    for (let frame = 0; frame < records.length; frame++) {
      const disk = simulation.disk.copy()
      disk.put('log', simulation.disk.peek('log')!.slice(0, frames[frame]! + (frame % 30)))
      await expect(readLog(disk), `cut in frame ${frame}`).rejects.toThrow(lastGood(frame))
    }
  })

  it('P2 P5: of payloads and checkpoints are damaged: the start stops, or they were not needed', async () => {
    const sound = await recoverFrom(simulation.disk.copy(), simulation)
    let stopped = 0
    for (const path of simulation.disk.paths().filter((name) => /^(payloads-|files\/)/.test(name))) {
      for (let at = 0; at < simulation.disk.peek(path)!.length; at += 3) {
        const disk = simulation.disk.copy()
        disk.peek(path)![at]! ^= 1 << (at % 8)
        const recovered = await recoverFrom(disk, simulation).catch((error: unknown) => error)
        if (recovered instanceof ConfigError) stopped++
        else expect(recovered, `flip at byte ${at} of ${path}`).toMatchObject({ version: sound.version, hash: sound.hash })
      }
    }
    expect(stopped).toBeGreaterThan(20)
  }, 60_000)
})
