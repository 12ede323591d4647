// A volunteer's connection as function calls that take virtual time: latency for each message, bytes over bandwidth for
// updates and files. Messages pass the same validators as at the socket; bytes are handed over, not copied.
import type { Clock } from '../../src/base/clock.ts'
import { WireError } from '../../src/base/errors.ts'
import type { Link, LinkEvents } from '../../src/wire/link.ts'
import { FromVolunteerSchema, HelloSchema, parseMessage, UpdateHeaderSchema } from '../../src/wire/messages.ts'
import type { FromVolunteer, Hello, Refused, ToVolunteer, UpdateHeader } from '../../src/wire/messages.ts'
import type { Welcome } from '../../src/wire/welcome.ts'
import type { RunHost } from '../run-host.ts'
import type { Traits } from './world.ts'

export interface LinkOptions {
  readonly host: RunHost
  /** Stands still for a volunteer that is gone. */
  readonly clock: Clock
  readonly traits: Traits
  /** What arrives at the volunteer, and what it gives back. */
  readonly onMessage: (message: ToVolunteer) => void
  readonly onRelease: (reason: string) => void
}

export function createSimulatedLink({ host, clock, traits, onMessage, onRelease }: LinkOptions): Link {
  const { id, latencyMs } = traits
  let events: LinkEvents | undefined
  let open = true
  const travel = (ms: number, signal?: AbortSignal): Promise<void> => new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const abort = (): void => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
  const deliver = (message: ToVolunteer): void => void clock.after(latencyMs, () => {
    if (!open) return
    onMessage(message)
    events?.onMessage(message)
  })

  return {
    open(listener) {
      events = listener
      clock.after(latencyMs, () => listener.onOpen())
    },
    async hello(hello: Hello): Promise<Welcome | Refused> {
      await travel(latencyMs)
      // What the run sends from within `join` comes after the welcome.
      let early: ToVolunteer[] | undefined = []
      const answer = host.join(parseMessage(HelloSchema, hello), (message) => early === undefined ? deliver(message) : void early.push(message))
      const welcomed = travel(latencyMs)
      early.forEach(deliver)
      early = undefined
      await welcomed
      return answer
    },
    send(message: FromVolunteer) {
      clock.after(latencyMs, () => {
        if (!open) return
        if (message.type === 'release') onRelease(message.reason)
        host.receive(id, parseMessage(FromVolunteerSchema, message))
      })
    },
    async sendUpdate(header: UpdateHeader, payload: Uint8Array, signal: AbortSignal): Promise<Refused | undefined> {
      await travel(latencyMs, signal)
      const refusal = host.announce(id, parseMessage(UpdateHeaderSchema, header))
      await travel(latencyMs, signal)
      if (refusal !== undefined) return refusal
      await travel(latencyMs + payload.byteLength / traits.uploadBytesPerMs, signal)
      host.submit(id, header, payload)
      await travel(latencyMs, signal)
      return undefined
    },
    async fetchFile(_runId: string, hash: string, signal: AbortSignal): Promise<Uint8Array> {
      await travel(latencyMs, signal)
      const bytes = await host.file(hash)
      if (bytes === undefined) throw new WireError(`file ${hash}: must be served while a lease needs it.`)
      host.countBytesDown(bytes.byteLength)
      await travel(latencyMs + bytes.byteLength / traits.downloadBytesPerMs, signal)
      return bytes
    },
    close() {
      open = false
    },
  }
}
