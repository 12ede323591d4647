// `commonweight list`: what a state folder holds. Reads only, so that it may be in use.
import { ConfigError } from '../../src/base/errors.ts'
import { wholeCheckpoints } from '../archive/roll-back.ts'
import type { LogRecord } from '../coordinator/records.ts'
import { findStart, type Start } from '../coordinator/start.ts'
import { lockHolder } from '../state-lock.ts'
import { readLog } from '../store/log.ts'
import { createHoldingDisk } from '../store/node-disk.ts'
import { logFolder, ofRun, readRunFile, runFile, storedRunNames } from './stored-run.ts'

export async function list(stateDir: string): Promise<void> {
  const names = storedRunNames(stateDir)
  const holder = lockHolder(stateDir)
  console.log(`${stateDir}: ${names.length === 0 ? 'no runs' : `${names.length} run${names.length === 1 ? '' : 's'}`}${holder === undefined ? '' : `, in use by process ${holder}`}`)
  for (const name of names) console.log(`  ${await describe(stateDir, name)}`)
}

async function describe(stateDir: string, name: string): Promise<string> {
  const disk = createHoldingDisk(logFolder(stateDir, name))
  try {
    return await ofRun(stateDir, name, async () => {
      readRunFile(runFile(stateDir, name))
      const start = await findStart(disk)
      return start === undefined ? `${name}: not begun` : `${name}: ${await describeRun(disk, start)}`
    })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
  } finally {
    await disk.close()
  }
}

async function describeRun(disk: ReturnType<typeof createHoldingDisk>, { run, known, damaged, log }: Start): Promise<string> {
  let version = known?.state.version ?? 0, examples = known?.state.examples ?? 0, control: string = known?.state.control ?? 'running', finished = known?.state.finished ?? false
  let evaluation = known?.state.lastEvaluation
  await readLog(disk, log, (records) => {
    for (const record of records as readonly LogRecord[]) {
      if (record.type === 'version') version = record.version
      if (record.type === 'accepted') examples += record.numExamples
      if (record.type === 'evaluation') evaluation = record
      if (record.type === 'control') control = record.action === 'pause' ? 'paused' : record.action === 'stop' ? 'stopped' : 'running'
      if (record.type === 'finished') finished = true
    }
  })
  const kept = (await wholeCheckpoints(disk)).map((each) => each.version)
  return [
    `version ${version}`, `${examples.toLocaleString('en')} examples`,
    ...(evaluation === undefined ? [] : [`accuracy ${(evaluation.accuracy * 100).toFixed(2)}%`]),
    ...(finished ? ['finished'] : control === 'running' ? [] : [control]), `checkpoints ${kept.join(', ')}`,
    ...(damaged.length === 0 ? [] : [`damaged ones ${damaged.map((each) => each.version).join(', ')}`]), run.config.title,
  ].join(', ')
}
