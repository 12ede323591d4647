// `commonweight verify`: reads the logs of a state folder and says whether they prove that no accepted update was lost or
// applied twice.
import { ConfigError } from '../../src/base/errors.ts'
import { verifyLog } from '../coordinator/verify-log.ts'
import { logFolder, ofRun, requireUnused, storedRunNames } from './stored-run.ts'

/** True where every log holds. */
export async function verify(stateDir: string): Promise<boolean> {
  const names = storedRunNames(stateDir)
  if (names.length === 0) throw new ConfigError(`${stateDir}: must hold runs, got none. Name the --state-dir of a coordinator.`)
  requireUnused(stateDir, 'verified')
  let holds = true
  for (const name of names) {
    try {
      const log = await ofRun(stateDir, name, () => verifyLog(logFolder(stateDir, name)))
      console.log(`${name}: the log holds. ${log.accepted} accepted updates of ${log.examples} examples, each applied once, in ${log.versions} versions${log.since === 0 ? '' : `, proved from version ${log.since} on`} (${log.pending.length} still to be applied); ${log.incarnations} starts, ${log.epochsDone} epochs, ${log.evaluations} evaluations. Model ${log.hash}`)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      console.log(`The log does NOT hold. ${error.message}`)
      holds = false
    }
  }
  return holds
}
