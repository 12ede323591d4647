// P8 of server/SPEC.md, for trials: what a checkpoint knows is what the log before it says.
import { invariant } from '../../src/base/errors.ts'
import { toDurable, type DurableState } from './durable-state.ts'
import type { LogRecord } from './records.ts'
import { RunFold } from './run-fold.ts'
import { resolveSettings } from './settings.ts'
import { STUB_LAYOUT, type Simulation } from './simulation.ts'
import { decodeStateFile } from './state-file.ts'

/** Of all checkpoints whose files are still there; returns how many. */
export function checkCheckpoints({ disk, config, dataset }: Simulation, records: readonly LogRecord[]): number {
  const settings = resolveSettings('stub', config, { manifest: dataset.manifest, hash: '', parts: dataset.parts }, STUB_LAYOUT)
  let found = 0
  const fold = new RunFold(settings, undefined)
  for (const record of records) {
    const file = record.type === 'checkpoint' && record.state !== undefined ? disk.peek(`files/${record.state}`) : undefined
    if (file !== undefined) {
      found++
      const { state, curve, checkpoints } = decodeStateFile(file)
      const taken = fold.checkpoints.slice(fold.checkpoints.length - checkpoints.length)
      compare({ state: lasting(state), curve, checkpoints }, { state: lasting(toDurable(fold.state)), curve: fold.curve.state, checkpoints: taken })
    }
    fold.add(record)
  }
  return found
}

function compare(known: object, said: object): void {
  invariant(JSON.stringify(known) === JSON.stringify(said), `P8: a checkpoint must know what the log says, ${JSON.stringify(said)}, got ${JSON.stringify(known)}.`)
}

/** Without what only the life that took the checkpoint has seen. */
function lasting({ volunteers, ...state }: DurableState): object {
  const known = volunteers.map(({ id, number, adapter, examples, lastUpdate }) => ({ id, number, adapter, examples, lastUpdate }))
  return { ...state, volunteers: known, expired: 0, refused: {}, rechecks: {}, bytesUp: 0, seconds: 0 }
}
