// The socket link against a real socket.io server that does as the test says.
import { createHash } from 'node:crypto'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server, type Socket } from 'socket.io'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WireError } from '../base/errors.ts'
import { createReassembler, type Reassembler } from '../wire/chunks.ts'
import type { Link, LinkEvents } from '../wire/link.ts'
import { CHUNK_BYTES, CHUNK_WINDOW, type Chunk, type Hello, type ToVolunteer, type UpdateHeader } from '../wire/messages.ts'
import { createSocketLink } from './link-socketio.ts'
import { realClock } from './real-clock.ts'

type Ack = (answer: unknown) => void

let http: HttpServer, io: Server, link: Link, url: string
let sockets: Socket[], events: string[], messages: ToVolunteer[]
let onConnection: (socket: Socket) => void

beforeEach(async () => {
  sockets = []
  events = []
  messages = []
  onConnection = () => {}
  http = createServer()
  io = new Server(http, { transports: ['websocket'], maxHttpBufferSize: 1 << 20 })
  io.of('/volunteer').on('connection', (socket) => {
    sockets.push(socket)
    onConnection(socket)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  link = createSocketLink({ url, clock: realClock, random: () => 0 })
})

afterEach(async () => {
  link.close()
  await io.close()
})

/** Opens the link; resolves each time it is open. */
function open(): { opened: () => Promise<void> } {
  let count = 0, waiting: (() => void)[] = []
  const listener: LinkEvents = {
    onOpen() {
      events.push('open')
      count++
      for (const resolve of waiting.splice(0)) resolve()
    },
    onMessage: (message) => messages.push(message),
    onClose: (reason) => events.push(`close ${reason}`),
  }
  link.open(listener)
  let seen = 0
  return {
    async opened() {
      while (count === seen) await new Promise<void>((resolve) => waiting.push(resolve))
      seen = count
    },
  }
}

const hello: Hello = { type: 'hello', protocolVersion: 1, volunteerId: 'v1', adapter: { runner: 'gpu', name: 'Test', software: false } }
const header = (payload: Uint8Array): UpdateHeader => ({
  type: 'update', protocolVersion: 1, runId: 'run', leaseId: 'l1', incarnation: 1, grant: 1, modelVersion: 1, codec: 'f32', payloadBytes: payload.byteLength,
  payloadHash: 'a'.repeat(64), numExamples: 1, metrics: { lossSum: 1, correct: 0, examples: 1 }, computeMs: 1, tensors: [],
})
const patterned = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + (i >>> 9)) & 255)
const never = new AbortController().signal

describe('hello and messages', () => {
  test('the answer comes back, whichever it is', async () => {
    onConnection = (socket) => socket.on('hello', (message: Hello, ack: Ack) => ack(message.volunteerId === 'v1' ? { type: 'welcome', runId: 'run' } : { type: 'refused', code: 'unknown-run', message: 'no' }))
    await open().opened()
    expect(await link.hello(hello)).toMatchObject({ type: 'welcome', runId: 'run' })
    expect(await link.hello({ ...hello, volunteerId: 'v2' })).toEqual({ type: 'refused', code: 'unknown-run', message: 'no' })
  })

  test('messages pass both ways', async () => {
    const heard: unknown[] = []
    onConnection = (socket) => socket.on('message', (message: unknown) => {
      heard.push(message)
      socket.emit('message', { type: 'run-state', state: 'paused' })
    })
    await open().opened()
    link.send({ type: 'ready', runId: 'run' })
    await expect.poll(() => messages).toEqual([{ type: 'run-state', state: 'paused' }])
    expect(heard).toEqual([{ type: 'ready', runId: 'run' }])
  })

  test('a message that nobody understands cuts the connection, which is opened again', async () => {
    const { opened } = open()
    await opened()
    sockets[0]!.emit('message', { type: 'nonsense' })
    await opened()
    expect(messages).toEqual([])
    expect(events[1]).toMatch(/^close type: /)
    expect(sockets).toHaveLength(2)
  })
})

describe('updates', () => {
  /** Takes chunks as the coordinator does, but acknowledges them only when told. */
  function receive(payloadBytes: number) {
    const reassembler: Reassembler = createReassembler(new Uint8Array(payloadBytes))
    const acks: Ack[] = []
    onConnection = (socket) => {
      socket.on('update', (_header: unknown, ack: Ack) => ack(null))
      socket.on('chunk', ({ index, bytes }: Chunk, ack: Ack) => {
        reassembler.take(index, bytes)
        acks.push(ack)
      })
    }
    return { reassembler, acks }
  }

  test('arrive whole and in order, never more than the window unacknowledged', async () => {
    const payload = patterned(7 * CHUNK_BYTES + 5)
    const { reassembler, acks } = receive(payload.byteLength)
    await open().opened()
    let done = false
    const sent = link.sendUpdate(header(payload), payload, never).then((refused) => { done = true; return refused })
    let acknowledged = 0
    for (; acknowledged < 8; acknowledged++) {
      const expected = Math.min(8, acknowledged + CHUNK_WINDOW)
      await expect.poll(() => acks.length).toBe(expected)
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(acks.length).toBe(expected)
      expect(done).toBe(false)
      acks[acknowledged]!(null)
    }
    expect(await sent).toBeUndefined()
    expect(Buffer.compare(reassembler.payload(), payload)).toBe(0)
  })

  test('a refused header sends no bytes; a refused chunk ends the rest', async () => {
    const refusal = { type: 'refused', code: 'expired', message: 'too late' }
    let refuseHeader = true, chunks = 0
    onConnection = (socket) => {
      socket.on('update', (_header: unknown, ack: Ack) => ack(refuseHeader ? refusal : null))
      socket.on('chunk', (_chunk: unknown, ack: Ack) => { chunks++; ack(refusal) })
    }
    await open().opened()
    const payload = patterned(20 * CHUNK_BYTES)
    expect(await link.sendUpdate(header(payload), payload, never)).toEqual(refusal)
    expect(chunks).toBe(0)
    refuseHeader = false
    expect(await link.sendUpdate(header(payload), payload, never)).toEqual(refusal)
    expect(chunks).toBeLessThanOrEqual(2 * CHUNK_WINDOW)
  })

  test('an abort rejects at once', async () => {
    const payload = patterned(10 * CHUNK_BYTES)
    const { acks } = receive(payload.byteLength)
    await open().opened()
    const abort = new AbortController()
    const sent = link.sendUpdate(header(payload), payload, abort.signal)
    await expect.poll(() => acks.length).toBe(CHUNK_WINDOW)
    abort.abort()
    await expect(sent).rejects.toThrow(/abort/i)
  })

  test('a lost connection rejects, and comes back by itself', async () => {
    const payload = patterned(10 * CHUNK_BYTES)
    const { acks } = receive(payload.byteLength)
    const { opened } = open()
    await opened()
    const sent = link.sendUpdate(header(payload), payload, never)
    await expect.poll(() => acks.length).toBe(CHUNK_WINDOW)
    sockets[0]!.disconnect(true)
    await expect(sent).rejects.toThrow()
    await opened()
    expect(events).toEqual(['open', 'close io server disconnect', 'open'])
  })
})

describe('files', () => {
  test('are checked against their name', async () => {
    const bytes = patterned(1000), hash = createHash('sha256').update(bytes).digest('hex')
    http.on('request', (request, response) => {
      if (request.url === `/runs/run/files/${hash}`) response.end(bytes)
      else if (request.url === `/runs/run/files/${'b'.repeat(64)}`) response.end('something else')
      else if (request.url?.startsWith('/runs') === true) response.writeHead(404).end()
    })
    expect(Buffer.compare(await link.fetchFile('run', hash, never), bytes)).toBe(0)
    await expect(link.fetchFile('run', 'b'.repeat(64), never)).rejects.toThrow(WireError)
    await expect(link.fetchFile('run', 'c'.repeat(64), never)).rejects.toThrow('got HTTP 404')
  })
})
