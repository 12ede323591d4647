// The volunteers that a command brings along: tabs of a headless browser, or Node processes.
import { availableParallelism } from 'node:os'
import type { AdapterChoice } from '../chromium.ts'
import { startHeadlessVolunteers, type Volunteers } from '../headless.ts'
import { startNodeVolunteers } from '../node-volunteers.ts'
import type { Coordination } from './coordinate.ts'
import { VOLUNTEER_PROGRAM } from './paths.ts'

/** Tabs of a headless browser that choose for themselves how to compute (`auto`) or are told to, or Node processes. */
export const VOLUNTEER_KINDS = ['auto', 'gpu', 'wasm', 'node'] as const
export type VolunteerKind = (typeof VOLUNTEER_KINDS)[number]

/** WASM threads of each: together they take what the machine has. */
const threadsOfEach = (count: number): number => Math.max(1, Math.floor(availableParallelism() / count))

export interface OwnVolunteerOptions {
  readonly coordination: Coordination
  readonly count: number
  readonly runner: VolunteerKind
  readonly stateDir: string
  readonly adapter?: AdapterChoice
  readonly say: (text: string) => void
  /** They cannot work here; `message` says why and what to do. */
  readonly onHopeless: (message: string) => void
}

/** Starts them without waiting; problems are told as they come up. */
export function bringVolunteers(options: OwnVolunteerOptions): Volunteers {
  const { coordination, count, say, onHopeless } = options
  if (count === 0) return { close: async () => {} }
  const url = coordination.url
  for (const { config } of coordination.runs) {
    if (config.storage === 'f16' && options.runner === 'wasm') say(`${config.name}: stores activations as f16 on GPUs that have it (shader-f16). WebAssembly has none, so these volunteers store f32.`)
  }
  if (options.runner === 'node') {
    const runIds = coordination.runs.map(({ runId }) => runId)
    const cert = coordination.certificate?.selfSigned === true ? { trustedCert: `${options.stateDir}/tls/cert.pem` } : {}
    const volunteers = startNodeVolunteers({ program: VOLUNTEER_PROGRAM, url, runIds, count, threads: threadsOfEach(count), onTrouble: say, ...cert })
    void volunteers.failed.then(onHopeless)
    return volunteers
  }
  const urls = coordination.runs.map(({ config }) => {
    const address = new URL('/', url)
    address.searchParams.set('run', config.name)
    address.searchParams.set('threads', String(threadsOfEach(count)))
    if (options.runner !== 'auto') address.searchParams.set('runner', options.runner)
    return address.href
  })
  const starting = startHeadlessVolunteers({ urls, count, onTrouble: say, ...(options.adapter === undefined ? {} : { adapter: options.adapter }) })
  starting.catch((error: Error) => onHopeless(error.message))
  return { close: async () => (await starting.catch(() => undefined))?.close() }
}
