// `commonweight verify`: reads what a state folder holds, and says whether it proves that no accepted update was lost or
// applied twice, and whether checkpoints and payloads are what the log says.
import { ConfigError } from '../../src/base/errors.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import { verifyLog } from '../coordinator/verify-log.ts'
import { createNodeDisk } from '../store/node-disk.ts'
import { verifyModel } from '../verify-model.ts'
import { createProgress } from './progress.ts'
import { logFolder, ofRun, requireUnused, storedRunNames } from './stored-run.ts'

/** True where every log holds, and so do all files. `model` is that of the runs where it is none of the zoo. */
export async function verify(stateDir: string, model?: ModelSpec): Promise<boolean> {
  const names = storedRunNames(stateDir)
  if (names.length === 0) throw new ConfigError(`${stateDir}: must hold runs, got none. Name the --state-dir of a coordinator.`)
  requireUnused(stateDir, 'verified')
  let holds = true
  for (const name of names) holds = await saysSo('The log does NOT hold.', () => describeLog(stateDir, name)) && await saysSo('The files do NOT hold.', () => describeFiles(stateDir, name, model)) && holds
  return holds
}

/** False, and why, where it throws a ConfigError. */
async function saysSo(otherwise: string, describe: () => Promise<string>): Promise<boolean> {
  try {
    console.log(await describe())
    return true
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.log(`${otherwise} ${error.message}`)
    return false
  }
}

async function describeLog(stateDir: string, name: string): Promise<string> {
  const log = await ofRun(stateDir, name, () => verifyLog(logFolder(stateDir, name)))
  return `${name}: the log holds. ${log.accepted} accepted updates of ${log.examples} examples, each applied once, in ${log.versions} versions${log.since === 0 ? '' : `, proved from version ${log.since} on`} (${log.pending.length} still to be applied); ${log.incarnations} starts, ${log.epochsDone} epochs, ${log.evaluations} evaluations. Model ${log.hash}`
}

async function describeFiles(stateDir: string, name: string, model: ModelSpec | undefined): Promise<string> {
  const disk = await createNodeDisk(logFolder(stateDir, name))
  // For whoever waits; a script needs the verdict only.
  const progress = process.stdout.isTTY ? createProgress(process.stdout) : undefined
  try {
    const { whole, damaged, from, version, updates } = await ofRun(stateDir, name, () => verifyModel(disk, (made) => progress?.update(`${name}: version ${made} made again`), model))
    if (damaged.length > 0) throw new ConfigError(`${name}: checkpoints must be as they were written, but ${damaged.length === 1 ? 'that' : 'those'} of version ${damaged.join(', ')} ${damaged.length === 1 ? 'is' : 'are'} damaged (${logFolder(stateDir, name)}). Nothing is lost: a start goes on from version ${whole.at(-1)} and what was accepted since. Look after this disk.`)
    if (whole.length === 0) return `${name}: there are no checkpoints yet.`
    return `${name}: the files hold. ${whole.length === 1 ? `Checkpoint ${whole[0]} is` : `Checkpoints ${whole.join(', ')} are`} whole, and versions ${from} to ${version}, made again from ${updates} updates, are what the log says.`
  } finally {
    progress?.end()
    await disk.close()
  }
}
