// A volunteer's connection to a coordinator, as a port: socket.io in browsers and Node, a function call in the simulator.
import type { FromVolunteer, Hello, Refused, ToVolunteer, UpdateHeader } from './messages.ts'
import type { Welcome } from './welcome.ts'

export interface LinkEvents {
  /** Connected, or connected again: say hello. */
  onOpen(): void
  onMessage(message: ToVolunteer): void
  /** The connection is gone; the link tries again by itself. `retryMs` is when. */
  onClose(reason: string, retryMs: number): void
}

export interface Link {
  open(events: LinkEvents): void
  hello(hello: Hello): Promise<Welcome | Refused>
  send(message: FromVolunteer): void
  /**
   * Sends header and payload in acknowledged chunks, at most CHUNK_WINDOW of them in flight.
   * Resolves when the last chunk is acknowledged (the verdict comes as a `result` message), or early with a refusal.
   * Rejects when the connection is lost on the way or `signal` aborts.
   */
  sendUpdate(header: UpdateHeader, payload: Uint8Array, signal: AbortSignal): Promise<Refused | undefined>
  /** GET /runs/<runId>/files/<hash>, its SHA-256 checked. Rejects with WireError when it does not match. */
  fetchFile(runId: string, hash: string, signal: AbortSignal): Promise<Uint8Array>
  close(): void
}
