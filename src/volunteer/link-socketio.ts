// The Link over socket.io (WebSocket only) and HTTP: for browsers and Node alike.
// Reconnecting is done here and not by socket.io, so that a page can say when the next try comes.
import { io, type Socket } from 'socket.io-client'
import type { Clock } from '../base/clock.ts'
import { WireError } from '../base/errors.ts'
import { sha256 } from '../data/shards.ts'
import { chunkAt, chunkCount } from '../wire/chunks.ts'
import type { Link, LinkEvents } from '../wire/link.ts'
import { CHUNK_WINDOW, parseMessage, RefusedSchema, ToVolunteerSchema, type FromVolunteer, type Hello, type Refused, type ToVolunteer, type UpdateHeader } from '../wire/messages.ts'
import type { Welcome } from '../wire/welcome.ts'

export interface SocketLinkOptions {
  /** Address of the coordinator: https://host:port */
  readonly url: string
  readonly clock: Clock
  /** Uniform in [0, 1): keeps a thousand volunteers from coming back in the same instant. */
  readonly random: () => number
}

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 10_000
const HELLO_TIMEOUT_MS = 15_000

export function createSocketLink(options: SocketLinkOptions): Link {
  return new SocketLink(options)
}

class SocketLink implements Link {
  readonly #options: SocketLinkOptions
  readonly #socket: Socket
  #attempts = 0
  #closed = false
  #cancelRetry: () => void = () => {}
  /** Why we cut the connection ourselves. */
  #cutReason: string | undefined

  constructor(options: SocketLinkOptions) {
    this.#options = options
    this.#socket = io(new URL('/volunteer', options.url).href, { transports: ['websocket'], reconnection: false, autoConnect: false, forceNew: true })
  }

  open(events: LinkEvents): void {
    const lost = (reason: string): void => {
      if (this.#closed) return
      const backOffMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts++)
      const retryMs = backOffMs * (0.5 + this.#options.random())
      this.#cancelRetry = this.#options.clock.after(retryMs, () => this.#socket.connect())
      events.onClose(this.#cutReason ?? reason, retryMs)
      this.#cutReason = undefined
    }
    this.#socket.on('connect', () => {
      this.#attempts = 0
      events.onOpen()
    })
    this.#socket.on('disconnect', lost)
    this.#socket.on('connect_error', (error) => lost(error.message))
    this.#socket.on('message', (message: unknown) => {
      const parsed = this.#parse(message)
      if (parsed !== undefined) events.onMessage(parsed)
    })
    this.#socket.connect()
  }

  async hello(hello: Hello): Promise<Welcome | Refused> {
    this.#requireConnection()
    try {
      const answer: unknown = await this.#socket.timeout(HELLO_TIMEOUT_MS).emitWithAck('hello', hello)
      // A welcome carries what we would have to trust the coordinator with anyway; its parts are checked where they are used.
      return isRecord(answer) && answer['type'] === 'welcome' ? answer as unknown as Welcome : parseMessage(RefusedSchema, answer)
    } catch (error) {
      // Silence is as good as a lost connection: try again from the start.
      this.#cut('no answer to hello')
      throw error
    }
  }

  send(message: FromVolunteer): void {
    if (this.#socket.connected) this.#socket.emit('message', message)
  }

  async sendUpdate(header: UpdateHeader, payload: Uint8Array, signal: AbortSignal): Promise<Refused | undefined> {
    const refused = await this.#acknowledged('update', header, signal)
    if (refused !== undefined) return refused
    const chunks = chunkCount(payload.byteLength)
    let next = 0
    let stopped: Refused | undefined
    const lane = async (): Promise<void> => {
      while (next < chunks && stopped === undefined) {
        const index = next++
        const answer = await this.#acknowledged('chunk', { type: 'chunk', leaseId: header.leaseId, index, bytes: chunkAt(payload, index) }, signal)
        stopped ??= answer
      }
    }
    await Promise.all(Array.from({ length: Math.min(CHUNK_WINDOW, chunks) }, lane))
    return stopped
  }

  async fetchFile(runId: string, hash: string, signal: AbortSignal): Promise<Uint8Array> {
    // Shards have a cache of their own and snapshots are used once: writing them to the browser's would only cost time.
    const response = await fetch(new URL(`/runs/${runId}/files/${hash}`, this.#options.url), { signal, cache: 'no-store' })
    if (!response.ok) throw new WireError(`file ${hash.slice(0, 12)}: must be served, got HTTP ${response.status}. It may have been superseded.`)
    const bytes = new Uint8Array(await response.arrayBuffer())
    const actual = await sha256(bytes)
    if (actual !== hash) throw new WireError(`file ${hash.slice(0, 12)}: must have the SHA-256 of its name, got ${actual.slice(0, 12)}. Something between here and the coordinator changes it.`)
    return bytes
  }

  close(): void {
    this.#closed = true
    this.#cancelRetry()
    this.#socket.disconnect()
  }

  /** Undefined, and the connection cut, where the coordinator says something that this build does not understand. */
  #parse(message: unknown): ToVolunteer | undefined {
    try {
      return parseMessage(ToVolunteerSchema, message)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#cut(error.message)
      return undefined
    }
  }

  /** Ends the connection; it is opened again after the usual pause. */
  #cut(reason: string): void {
    if (!this.#socket.connected) return
    this.#cutReason = reason
    this.#socket.disconnect()
  }

  #requireConnection(): void {
    // socket.io would keep the message and send it on the next connection, before the hello that must come first.
    if (!this.#socket.connected) throw new WireError('connection: must be open, got closed. The link opens it again by itself.')
  }

  /** Emits and waits for the answer: undefined when taken. Rejects when the connection is lost or the signal aborts. */
  async #acknowledged(event: 'update' | 'chunk', message: object, signal: AbortSignal): Promise<Refused | undefined> {
    signal.throwIfAborted()
    this.#requireConnection()
    const answer: unknown = await unlessAborted(this.#socket.emitWithAck(event, message), signal)
    return answer === null || answer === undefined ? undefined : parseMessage(RefusedSchema, answer)
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
