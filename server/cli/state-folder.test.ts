// What commands say of a state folder that this program cannot go on with: which run, where it lies, what to do.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { wholeCheckpoints } from '../archive/roll-back.ts'
import { Simulation, STUB_MODEL } from '../coordinator/simulation.ts'
import { createHoldingDisk } from '../store/node-disk.ts'
import { backup, restore, rollback } from './backup.ts'
import { exportModel } from './export.ts'
import { list } from './list.ts'
import { logFolder, runFile, runFolder, storedRunNames } from './stored-run.ts'
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

describe('run.json', () => {
  it.each(['[]', '{"runId":"x","config":{"name":5},"dataHash":""}'])('is refused as %s, and not written over', async (content) => {
    await beginStoredRun(stateDir, 'run')
    const file = runFile(stateDir, 'run')
    writeFileSync(file, content)
    const message = /run\.json: must hold the id, the configuration and the data of a run, got something else\. Restore a backup/
    await expect(beginStoredRun(stateDir, 'run')).rejects.toThrow(message)
    await expect(backup({ stateDir, to: join(stateDir, 'run.tar') })).rejects.toThrow(message)
    expect(readFileSync(file, 'utf8')).toBe(content)
  })

  it('is not made anew beside a log that has lost it', async () => {
    await beginStoredRun(stateDir, 'run')
    rmSync(runFile(stateDir, 'run'))
    await expect(beginStoredRun(stateDir, 'run')).rejects.toThrow(/run\.json: must be there beside the log of the run, got no file\. Restore a backup .* or begin anew with --fresh/)
    expect(existsSync(runFile(stateDir, 'run'))).toBe(false)
  })
})

describe('an archive', () => {
  const archive = (): string => join(stateDir, 'run.tar')

  it('takes the place of no file that is there, and leaves nothing behind where it does not fit', async () => {
    await beginStoredRun(stateDir, 'run')
    writeFileSync(archive(), 'of another run')
    await expect(backup({ stateDir, to: archive() })).rejects.toThrow(/--to: must be a file that is not there yet.*Choose another name/)
    expect(readFileSync(archive(), 'utf8')).toBe('of another run')
    const to = join(stateDir, 'large.tar')
    symlinkSync('/dev/full', `${to}.draft`)
    await expect(backup({ stateDir, to })).rejects.toThrow(/--to: must be a file that can be written.*ENOSPC.*Free space there/)
    expect(readdirSync(stateDir).filter((name) => name.startsWith('large'))).toEqual([])
  })

  it('must be a plain file, and a folder without room for it holds nothing of it afterwards', async () => {
    await beginStoredRun(stateDir, 'run')
    await backup({ stateDir, to: archive() })
    await expect(restore(stateDir, { stateDir: join(stateDir, 'other') })).rejects.toThrow(/restore: must be given a file that can be read.*no plain file.*Name one that commonweight backup wrote/)
    expect(existsSync(join(stateDir, 'other'))).toBe(false)
    const full = join(stateDir, 'full')
    mkdirSync(full)
    writeFileSync(join(full, 'runs'), '')
    await expect(restore(archive(), { stateDir: full })).rejects.toThrow(/full: must have room for the run.*Nothing was restored/)
    expect(readdirSync(full)).toEqual(['runs'])
  })
})

describe('a checkpoint that is damaged', () => {
  it('is not listed among those to go back to, and verify names it', async () => {
    const simulation = new Simulation({ seed: 3, schedule: 'synchronous', volunteers: 4, checkpoint: { versions: 4, ms: 60_000 } })
    await simulation.run(0, 8_000)
    await beginStoredRun(stateDir, 'run')
    const folder = logFolder(stateDir, 'run')
    rmSync(folder, { recursive: true })
    for (const path of simulation.disk.paths()) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), simulation.disk.peek(path)!)
    }
    const disk = createHoldingDisk(folder)
    const [older, newest] = await wholeCheckpoints(disk)
    await disk.close()
    await list(stateDir)
    expect(said.at(-1)).toMatch(new RegExp(`checkpoints ${older!.version}, ${newest!.version},`))
    writeFileSync(join(folder, 'files', older!.file), 'damage')
    await list(stateDir)
    expect(said.at(-1)).toMatch(new RegExp(`checkpoints ${newest!.version},`))
    expect(await verify(stateDir, STUB_MODEL)).toBe(false)
    expect(said.at(-2)).toMatch(/run: the log holds/)
    expect(said.at(-1)).toMatch(new RegExp(`The files do NOT hold\\. run: checkpoints must be as they were written, but that of version ${older!.version} is damaged \\(.*\\)\\. Nothing is lost: a start goes on from version ${newest!.version}`))
  })
})
