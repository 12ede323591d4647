// How many small updates a second become durable and are acknowledged: volunteers without sockets, and all that is behind those,
// on the real disk.
import type { ToVolunteer } from '../../../src/wire/messages.ts'
import type { Welcome } from '../../../src/wire/welcome.ts'
import type { RunHost } from '../../../server/run-host.ts'
import { openBenchRun } from './bench-run.ts'
import type { AddRow } from './row.ts'
import { helloOf, stubUpdate, type StubUpdate } from './stub-volunteer.ts'

const VOLUNTEERS = 256
const WARM_UP_MS = 1_000
const MEASURED_MS = 5_000
const TARGET = 3_000

export async function measureAcknowledgements(add: AddRow): Promise<void> {
  const run = await openBenchRun({ name: 'acknowledgements', features: 64, hidden: [], trainExamples: 64_000, batchSize: 1, schedule: { type: 'buffered', bufferSize: VOLUNTEERS, examplesPerLease: 1, maxStaleness: 100 } })
  const crowd = joinAll(run.host)
  await wait(WARM_UP_MS)
  const before = crowd.acknowledged, versions = run.host.status().modelVersion, cpu = process.cpuUsage(), begun = performance.now()
  await wait(MEASURED_MS)
  const seconds = (performance.now() - begun) / 1000, rate = (crowd.acknowledged - before) / seconds, made = run.host.status().modelVersion - versions
  const { user, system } = process.cpuUsage(cpu)
  crowd.stop()
  await run.close()
  add({
    name: 'durable acknowledgements', value: `${Math.round(rate).toLocaleString('en')} / s`, target: `${TARGET.toLocaleString('en')} / s`, reached: rate >= TARGET,
    notes: `${VOLUNTEERS} volunteers, updates of ${crowd.payloadBytes.toLocaleString('en')} bytes through the whole coordinator (no socket), groups synced together, ${(made / seconds).toFixed(0)} versions / s; ${((user + system) / 1e6 / seconds).toFixed(1)} cores busy`,
    figures: { perSecond: rate, versionsPerSecond: made / seconds, cores: (user + system) / 1e6 / seconds },
  })
}

interface Crowd {
  readonly acknowledged: number
  readonly payloadBytes: number
  stop(): void
}

function joinAll(host: RunHost): Crowd {
  let acknowledged = 0, stopped = false
  let update: StubUpdate | undefined
  for (let i = 0; i < VOLUNTEERS; i++) {
    const id = `v${i}`
    const hear = (message: ToVolunteer): void => {
      if (stopped) return
      if (message.type === 'grant') void answer(id, message.lease)
      if (message.type === 'result') {
        if (message.accepted) acknowledged++
        host.receive(id, { type: 'ready', runId: host.runId })
      }
    }
    // From outside of the coordinator's step, as a socket would.
    const welcome = host.join(helloOf(id), (message) => setImmediate(hear, message))
    if (welcome.type === 'refused') throw new Error(welcome.message)
    update ??= stubUpdate(welcome satisfies Welcome)
    host.receive(id, { type: 'ready', runId: host.runId })
  }
  const answer = async (id: string, lease: Extract<ToVolunteer, { type: 'grant' }>['lease']): Promise<void> => {
    const { payload, header } = update!
    const announced = header(lease)
    // A lease may have expired on a machine with other work.
    if (host.announce(id, announced) !== undefined) return host.receive(id, { type: 'ready', runId: host.runId })
    const reception = await host.receivePayload(announced)
    if (reception === undefined || stopped) return
    reception.memory.set(payload)
    host.submit(id, announced, reception.memory)
  }
  return {
    get acknowledged() { return acknowledged },
    payloadBytes: update!.payload.length,
    stop() { stopped = true },
  }
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
