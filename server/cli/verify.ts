// `commonweight verify`: reads the logs of a state folder and says whether they prove that no accepted update was lost or
// applied twice.
import { ConfigError, InvariantError } from '../../src/base/errors.ts'
import { verifyLog } from '../coordinator/verify-log.ts'
import { lockHolder } from '../state-lock.ts'
import { logFolder, storedRunNames } from './stored-run.ts'

/** True where every log holds. */
export async function verify(stateDir: string): Promise<boolean> {
  const names = storedRunNames(stateDir)
  if (names.length === 0) throw new ConfigError(`${stateDir}: must hold runs, got none. Name the --state-dir of a coordinator.`)
  const holder = lockHolder(stateDir)
  if (holder !== undefined) throw new ConfigError(`${stateDir}: must not be in use while it is verified, but process ${holder} writes to it. Stop that one first (Ctrl-C in its terminal), or verify a copy.`)
  let holds = true
  for (const name of names) {
    try {
      const log = await verifyLog(logFolder(stateDir, name))
      console.log(`${name}: the log holds. ${log.accepted} accepted updates of ${log.examples} examples, each applied once, in ${log.versions} versions (${log.pending.length} still to be applied); ${log.incarnations} starts, ${log.epochsDone} epochs, ${log.evaluations} evaluations. Model ${log.hash}`)
    } catch (error) {
      if (!(error instanceof InvariantError) && !(error instanceof ConfigError)) throw error
      console.log(`${name}: the log does NOT hold. ${error.message}`)
      holds = false
    }
  }
  return holds
}
