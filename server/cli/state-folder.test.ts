// What commands say of a state folder that this program cannot go on with: which run, where it lies, what to do.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { wholeCheckpoints } from '../archive/roll-back.ts'
import { Simulation } from '../coordinator/simulation.ts'
import { createHoldingDisk } from '../store/node-disk.ts'
import { backup, rollback } from './backup.ts'
import { exportModel } from './export.ts'
import { list } from './list.ts'
import { logFolder, runFolder, storedRunNames } from './stored-run.ts'
import { beginStoredRun } from './test-stored-run.ts'
import { verify } from './verify.ts'

let stateDir = ''
const said: string[] = []

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'state-'))
  said.splice(0)
  vi.spyOn(console, 'log').mockImplementation((line: string) => { said.push(line) })
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(stateDir, { recursive: true, force: true })
})

describe('a log of format 1', () => {
  /** As versions before format 2 left it. */
  async function formerRun(name: string): Promise<string> {
    await beginStoredRun(stateDir, name)
    const folder = logFolder(stateDir, name)
    renameSync(join(folder, 'logs', '1'), join(folder, 'log'))
    rmSync(join(folder, 'logs'), { recursive: true })
    return folder
  }

  it('is refused by every command, which names the folder and leaves it as it is', async () => {
    const folder = await formerRun('old')
    const before = readFileSync(join(folder, 'log')), names = readdirSync(folder).sort()
    const message = new RegExp(`old: state folder: must hold a log of format 2, got one of format 1, which an earlier version wrote\\. Go on with that version, or begin anew with --fresh.*\\(${folder}\\)`)
    await expect(beginStoredRun(stateDir, 'old')).rejects.toThrow(/got one of format 1/)
    await expect(backup({ stateDir, to: join(stateDir, 'old.tar') })).rejects.toThrow(message)
    await expect(exportModel({ stateDir, optimizer: false, to: join(stateDir, 'old.onnx') })).rejects.toThrow(message)
    await expect(rollback({ stateDir, toVersion: 0 })).rejects.toThrow(message)
    expect(await verify(stateDir)).toBe(false)
    expect(said.at(-1)).toMatch(message)
    await list(stateDir)
    expect(said.at(-1)).toMatch(message)
    expect(readFileSync(join(folder, 'log'))).toEqual(before)
    expect(readdirSync(folder).sort()).toEqual(names)
  })
})

describe('a damaged run.json', () => {
  it('is said, and hides no other run', async () => {
    await beginStoredRun(stateDir, 'whole')
    mkdirSync(runFolder(stateDir, 'torn'), { recursive: true })
    writeFileSync(join(runFolder(stateDir, 'torn'), 'run.json'), '{"runId')
    expect([...storedRunNames(stateDir)].sort()).toEqual(['torn', 'whole'])
    await list(stateDir)
    expect(said.join('\n')).toMatch(/torn: .*run\.json: must be JSON, got a damaged file/)
    expect(said.join('\n')).toMatch(/whole: version 0/)
  })
})

describe('a checkpoint that is damaged', () => {
  it('is not listed among those to go back to', async () => {
    const simulation = new Simulation({ seed: 3, schedule: 'synchronous', volunteers: 4, checkpoint: { versions: 4, ms: 60_000 } })
    await simulation.run(0, 8_000)
    await beginStoredRun(stateDir, 'run')
    const folder = logFolder(stateDir, 'run')
    rmSync(folder, { recursive: true })
    for (const path of simulation.disk.paths()) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), simulation.disk.peek(path)!)
    }
    const [older, newest] = await wholeCheckpoints(createHoldingDisk(folder))
    await list(stateDir)
    expect(said.at(-1)).toMatch(new RegExp(`checkpoints ${older!.version}, ${newest!.version},`))
    writeFileSync(join(folder, 'files', older!.file), 'damage')
    await list(stateDir)
    expect(said.at(-1)).toMatch(new RegExp(`checkpoints ${newest!.version},`))
  })
})
