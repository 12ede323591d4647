// `npm run bench -- server`: how fast the coordinator's own parts are, on this machine. Servers and their clients are processes that
// it starts itself, on loopback addresses only; every row is bounded in time and ends by itself.
import { writeFileSync } from 'node:fs'
import { ConfigError } from '../../../src/base/errors.ts'
import { nearest } from '../../../src/base/registry.ts'
import { parseCommandLine } from '../../command-line.ts'
import { printTable } from '../report.ts'
import { machine } from '../trials/machine.ts'
import { measureAcknowledgements } from './acks.ts'
import type { Role } from '../child.ts'
import { measureCore } from './core.ts'
import { loopClients, loopServer, measureLoop } from './loop.ts'
import { measureRecovery } from './recovery.ts'
import type { AddRow, Row } from './row.ts'
import { measureSockets, socketClients, socketServer } from './sockets.ts'
import { measureVersions } from './versions.ts'

const PARTS: Readonly<Record<string, (add: AddRow) => Promise<void>>> = {
  core: measureCore,
  versions: measureVersions,
  acknowledgements: measureAcknowledgements,
  recovery: measureRecovery,
  sockets: measureSockets,
  loop: measureLoop,
}

/** What processes that the benchmark starts do. */
export const serverRoles: Readonly<Record<string, Role>> = { 'loop-server': loopServer, 'loop-clients': loopClients, 'socket-server': socketServer, 'socket-clients': socketClients }

export const SERVER_USAGE = `npm run bench -- server [options]
  --parts a,b        of ${Object.keys(PARTS).join(', ')}; all where absent
  --json FILE        write the results`

export async function server(args: readonly string[]): Promise<void> {
  const { values } = parseCommandLine({ args: [...args], options: { parts: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean', default: false } } })
  if (values.help) return console.log(SERVER_USAGE)
  const rows: Row[] = []
  for (const name of partsOf(values.parts)) {
    console.log(`${name} …`)
    await PARTS[name]!((row) => {
      console.log(`  ${row.name}: ${row.value}`)
      rows.push(row)
      if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine: machine(), rows }, null, 2)}\n`)
    })
  }
  console.log(`\nThe server on ${machine()}\n`)
  printTable(['', 'measured', 'target', '', 'how'], rows.map(({ name, value, target = '', reached, notes }) => [name, value, target, reached === undefined ? '' : reached ? 'reached' : 'missed', notes]))
  if (rows.some(({ reached }) => reached === false)) process.exitCode = 1
}

function partsOf(given: string | undefined): readonly string[] {
  const known = Object.keys(PARTS)
  if (given === undefined) return known
  const parts = given.split(',')
  const wrong = parts.find((part) => !known.includes(part))
  if (wrong !== undefined) throw new ConfigError(`--parts: must be among ${known.join(', ')}, got "${wrong}". ${nearest(wrong, known)}`)
  return parts
}
