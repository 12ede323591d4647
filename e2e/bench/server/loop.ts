// How long the event loop of a coordinator keeps others waiting while it serves snapshots of 100 MB and takes in updates as large, of one
// volunteer and of several. Server and clients are processes of their own; addresses are those of the loopback only.
import { get } from 'node:http'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createSocketLink } from '../../../src/volunteer/link-socketio.ts'
import { realClock } from '../../../src/volunteer/real-clock.ts'
import type { Lease, ToVolunteer } from '../../../src/wire/messages.ts'
import type { Welcome } from '../../../src/wire/welcome.ts'
import { serve } from '../../../server/serve.ts'
import { openBenchRun } from './bench-run.ts'
import { startChild, type Role } from '../child.ts'
import type { AddRow } from './row.ts'
import { helloOf, stubUpdate, type StubUpdate } from './stub-volunteer.ts'

const MEASURED_MS = 20_000
/** How many download at a time, as fast as they can, and how many send updates, one after the other. */
interface Load {
  readonly downloaders: number
  readonly uploaders: number
}
const LOADS: readonly Load[] = [{ downloaders: 1, uploaders: 1 }, { downloaders: 4, uploaders: 4 }]
/** With 784 features 25.4 M params: 102 MB. */
const HIDDEN = [8192, 2300]
const TARGET_MS = 50

interface LoopFigures {
  readonly p999Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly versions: number
  readonly accepted: number
  readonly bytesUp: number
}

interface ClientFigures {
  readonly downloads: number
  readonly bytes: number
}

export async function measureLoop(add: AddRow): Promise<void> {
  for (const load of LOADS) await measureUnder(load, add)
}

async function measureUnder(load: Load, add: AddRow): Promise<void> {
  const server = startChild('loop-server', load)
  const { port, runId } = await server.hear<{ port: number; runId: string }>()
  await server.hear()
  const clients = startChild('loop-clients', { port, runId, ...load })
  await clients.hear()
  server.tell('begin')
  await new Promise((resolve) => setTimeout(resolve, MEASURED_MS))
  server.tell('report')
  clients.tell('report')
  const figures = await server.hear<LoopFigures>(), client = await clients.hear<ClientFigures>()
  await clients.end()
  await server.end()
  const seconds = MEASURED_MS / 1000
  add({
    name: `event loop delay, p99.9, ${load.downloaders} down and ${load.uploaders} up`, value: `${figures.p999Ms.toFixed(1)} ms`, target: `${TARGET_MS} ms`, reached: figures.p999Ms < TARGET_MS,
    notes: `while ${(client.bytes / 1e6 / seconds).toFixed(0)} MB/s of snapshots of 102 MB leave, ${(figures.bytesUp / 1e6 / seconds).toFixed(0)} MB/s of updates come and ${figures.versions} versions are made in ${seconds} s; p99 ${figures.p99Ms.toFixed(1)}, longest ${figures.maxMs.toFixed(0)} ms`,
    figures: { ...figures, downloadedBytes: client.bytes },
  })
}

export const loopServer: Role = async (tell, { uploaders }: Load) => {
  const run = await openBenchRun({ name: 'loop', features: 784, hidden: HIDDEN, trainExamples: 4_000, batchSize: 8, schedule: { type: 'buffered', bufferSize: uploaders, examplesPerLease: 8, maxStaleness: 100 } })
  const { host } = run
  const served = await serve({ runs: new Map([[host.runId, host]]), pagesDir: join(import.meta.dirname, '../pages'), encodeModel: () => new Uint8Array(0), host: '127.0.0.1', port: 0, controlToken: '', trustProxy: false, allowedOrigins: [] })
  tell({ port: served.port, runId: host.runId })
  const delay = monitorEventLoopDelay({ resolution: 2 })
  let before = host.status()
  return async (message) => {
    if (message === 'begin') {
      before = host.status()
      delay.enable()
    }
    if (message === 'report') {
      delay.disable()
      const ms = (nanoseconds: number): number => nanoseconds / 1e6
      const { modelVersion, accepted, bytesUp } = host.status()
      tell({ p999Ms: ms(delay.percentile(99.9)), p99Ms: ms(delay.percentile(99)), maxMs: ms(delay.max), versions: modelVersion - before.modelVersion, accepted: accepted - before.accepted, bytesUp: bytesUp - before.bytesUp } satisfies LoopFigures)
    }
    if (message === 'end') {
      await served.close()
      await run.close()
    }
  }
}

interface LoopClientOptions extends Load {
  readonly port: number
  readonly runId: string
}

export const loopClients: Role = async (tell, { port, runId, downloaders, uploaders }: LoopClientOptions) => {
  const counts = { downloads: 0, bytes: 0 }
  let newest = '', ended = false
  let update: StubUpdate | undefined
  // All send the same, which takes a while to make.
  const updateFor = (welcome: Welcome): StubUpdate => (update ??= stubUpdate(welcome))
  const volunteers: VolunteerOnLink[] = []
  for (let i = 0; i < uploaders; i++) {
    const volunteer = joinAs(`v${i}`, { port, runId, updateFor, heardModel: (hash) => { newest = hash } })
    volunteers.push(volunteer)
    await volunteer.joined
  }
  const download = async (): Promise<void> => {
    while (!ended) {
      counts.bytes += await fetchAndForget(`http://127.0.0.1:${port}/runs/${runId}/files/${newest}`)
      counts.downloads++
    }
  }
  for (let i = 0; i < downloaders; i++) void download()
  return (message) => {
    if (message === 'report') tell({ ...counts } satisfies ClientFigures)
    if (message === 'end') {
      ended = true
      for (const { close } of volunteers) close()
    }
  }
}

/** Bytes that came; 0 where the version is no longer kept. */
function fetchAndForget(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => { bytes += chunk.length })
      response.on('end', () => setTimeout(resolve, 5, response.statusCode === 200 ? bytes : 0))
    }).on('error', reject)
  })
}

interface VolunteerOnLink {
  readonly joined: Promise<void>
  close(): void
}

interface Surroundings extends Pick<LoopClientOptions, 'port' | 'runId'> {
  readonly updateFor: (welcome: Welcome) => StubUpdate
  readonly heardModel: (hash: string) => void
}

/** A volunteer that sends an update for every grant. */
function joinAs(volunteerId: string, { port, runId, updateFor, heardModel }: Surroundings): VolunteerOnLink {
  const link = createSocketLink({ url: `http://127.0.0.1:${port}`, clock: realClock, random: Math.random })
  const never = new AbortController().signal
  let closed = false
  const joined = new Promise<void>((resolve, reject) => {
    let update: StubUpdate | undefined
    const ready = (): void => link.send({ type: 'ready', runId })
    const work = async (lease: Lease): Promise<void> => {
      const refused = await link.sendUpdate(update!.header(lease), update!.payload, never)
      if (refused !== undefined && !closed) ready()
    }
    const hear = (message: ToVolunteer): void => {
      if (message.type === 'grant') work(message.lease).catch((error: unknown) => { if (!closed) throw error })
      if (message.type === 'result' || message.type === 'revoke') ready()
      if (message.type === 'model') heardModel(message.hash)
    }
    link.open({
      onOpen: () => void link.hello(helloOf(volunteerId)).then((welcome) => {
        if (welcome.type === 'refused') return reject(new Error(welcome.message))
        update = updateFor(welcome)
        heardModel(welcome.modelHash)
        ready()
        resolve()
      }, reject),
      onMessage: hear,
      onClose: () => {},
    })
  })
  return {
    joined,
    close() {
      closed = true
      link.close()
    },
  }
}
