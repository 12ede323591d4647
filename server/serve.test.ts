// The coordinator's network face, over real connections: a stub run behind it, a real HTTP client and real sockets before it.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Layout } from '../src/model/layout.ts'
import { CHUNK_BYTES, PROTOCOL_VERSION } from '../src/wire/messages.ts'
import { originAllowed } from './origin.ts'
import { nativeUnmasking, serve, type Served } from './serve.ts'
import { createStubRun, stubStatus, type StubRun } from './stub-run.ts'

let run: StubRun
let other: StubRun
let served: Served
let base: string
const sockets: Socket[] = []
const encodeModel = (layout: Layout, params: Float32Array): Uint8Array => Buffer.from(`${layout.entries[0]?.name} ${params.join()}`)

beforeEach(async () => {
  const pagesDir = mkdtempSync(join(tmpdir(), 'pages-'))
  writeFileSync(join(pagesDir, 'index.html'), '<p>volunteer page')
  writeFileSync(join(pagesDir, 'dashboard.html'), '<p>dashboard page')
  run = createStubRun('first')
  other = createStubRun('second')
  served = await serve({ runs: new Map([['first', run], ['second', other]]), pagesDir, encodeModel, host: '127.0.0.1', port: 0, controlToken: 'secret', trustProxy: false, allowedOrigins: [] })
  base = `http://127.0.0.1:${served.port}`
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect()
  await served.close()
})

function connect(namespace: string, headers: Record<string, string> = {}): Socket {
  const socket = io(`${base}${namespace}`, { transports: ['websocket'], reconnection: false, forceNew: true, extraHeaders: headers })
  sockets.push(socket)
  return socket
}

const hello = (volunteerId: string, extra: object = {}): object =>
  ({ type: 'hello', protocolVersion: PROTOCOL_VERSION, volunteerId, adapter: { runner: 'gpu', name: 'test', software: true }, ...extra })

const header = (payloadBytes: number): object => ({
  type: 'update', protocolVersion: PROTOCOL_VERSION, runId: 'first', leaseId: 'lease1', incarnation: 1, grant: 1, modelVersion: 0, codec: 'f32', payloadBytes,
  payloadHash: '0'.repeat(64), numExamples: 64, metrics: { lossSum: 1, correct: 1, examples: 64 }, computeMs: 1, tensors: [],
})

const ask = (socket: Socket, event: string, value: unknown): Promise<any> => socket.timeout(5_000).emitWithAck(event, value)
const closed = (socket: Socket): Promise<string> => new Promise((resolve) => socket.once('disconnect', resolve))

describe('http', () => {
  it('serves the pages, isolated and with a content policy', async () => {
    for (const [path, text] of [['/', 'volunteer page'], ['/dashboard', 'dashboard page']] as const) {
      const response = await fetch(base + path)
      expect(await response.text()).toContain(text)
      expect(response.headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp')
      expect(response.headers.get('content-security-policy')).toContain("script-src 'self'")
      expect(response.headers.get('cache-control')).toBe('no-cache')
    }
  })

  it('serves files by hash, for ever, and counts their bytes', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_000))
    const url = `${base}/runs/first/files/${run.addFile(bytes)}`
    const response = await fetch(url)
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
    expect(response.headers.get('cache-control')).toContain('immutable')
    await expect.poll(() => run.bytesDown).toBeGreaterThanOrEqual(bytes.length)
    expect(run.bytesDown).toBeLessThan(bytes.length + 2_000)
    expect((await fetch(url, { headers: { 'if-none-match': response.headers.get('etag') as string } })).status).toBe(304)
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '50000'])
    expect((await fetch(url.replace('first', 'second'))).status).toBe(404)
    expect((await fetch(`${base}/runs/first/files/${'a'.repeat(64)}`)).status).toBe(404)
  })

  it('describes a run and its model', async () => {
    const description = await (await fetch(`${base}/runs/second/description.json`)).json() as { config: { name: string } }
    expect(description).toMatchObject({ config: { name: 'second' }, modelVersion: 3, modelHash: '0'.repeat(64), dataset: { name: 'digits' } })
    const model = await fetch(`${base}/runs/first/model.safetensors`)
    expect(model.headers.get('content-disposition')).toContain('first-v3.safetensors')
    expect(Buffer.from(await model.arrayBuffer()).toString()).toBe('dense/weight 1,2,3,4')
    expect(await (await fetch(`${base}/health`)).json()).toEqual({ ok: true, runs: ['first', 'second'].map((name) => ({ runId: name, name, title: `Stub ${name}`, state: 'running', modelVersion: 3, volunteers: 0 })) })
  })

  it('tells how the data are divided, where they are', async () => {
    const partition = { parts: 2, classNames: ['0', '1'], counts: [3, 0, 1, 2] }
    Object.assign(other, { partition })
    expect(await (await fetch(`${base}/runs/second/partition.json`)).json()).toEqual(partition)
    expect((await fetch(`${base}/runs/first/partition.json`)).status).toBe(404)
  })

  it('answers nonsense plainly', async () => {
    for (const path of ['/nothing', '/runs/none/description.json', '/runs/first/files/..%2f..%2fetc', '/../package.json']) {
      const response = await fetch(base + path)
      expect([response.status, response.headers.get('content-type')]).toEqual([404, 'text/plain; charset=utf-8'])
    }
    expect((await fetch(base, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(405)
  })
})

describe('volunteer sockets', () => {
  it('unmasks natively', () => expect(nativeUnmasking()).toBe(true))

  it('joins the default run, passes messages both ways, and leaves', async () => {
    const socket = connect('/volunteer')
    const heard: unknown[] = []
    socket.on('message', (message) => heard.push(message))
    expect(await ask(socket, 'hello', hello('v1'))).toMatchObject({ type: 'welcome', runId: 'first' })
    await expect.poll(() => heard).toEqual([{ type: 'run-state', state: 'running' }])
    run.send('v1', { type: 'model', version: 1, hash: '1'.repeat(64) })
    await expect.poll(() => heard.length).toBe(2)
    expect(await ask(socket, 'message', { type: 'ready', runId: 'first' })).toBeNull()
    socket.disconnect()
    await expect.poll(() => run.calls).toEqual(['join v1', 'receive v1 ready', 'leave v1'])
  })

  it('tells an old page so, whatever else it says', async () => {
    const socket = connect('/volunteer')
    expect(await ask(socket, 'hello', { protocolVersion: 0, whatever: true })).toMatchObject({ type: 'refused', code: 'protocol-version' })
    expect(await ask(socket, 'hello', hello('v1', { runId: 'gone' }))).toMatchObject({ type: 'refused', code: 'unknown-run' })
    expect(await ask(socket, 'hello', hello('v1', { runId: 'second' }))).toMatchObject({ type: 'welcome', runId: 'second' })
  })

  it('takes an update in chunks, exactly', async () => {
    const socket = connect('/volunteer')
    await ask(socket, 'hello', hello('v1'))
    const payload = crypto.getRandomValues(new Uint8Array(CHUNK_BYTES + 1_000).subarray(0, 65_536)).slice()
    const whole = new Uint8Array(CHUNK_BYTES + payload.length)
    whole.set(payload, CHUNK_BYTES)
    expect(await ask(socket, 'update', header(whole.length))).toBeNull()
    expect(await ask(socket, 'chunk', { type: 'chunk', leaseId: 'lease1', index: 0, bytes: whole.subarray(0, CHUNK_BYTES) })).toBeNull()
    expect(run.payloads).toEqual([])
    expect(await ask(socket, 'chunk', { type: 'chunk', leaseId: 'lease1', index: 1, bytes: whole.subarray(CHUNK_BYTES) })).toBeNull()
    expect(run.payloads).toEqual([whole])
    expect(await ask(socket, 'chunk', { type: 'chunk', leaseId: 'lease1', index: 2, bytes: whole.subarray(0, 1) })).toMatchObject({ code: 'unknown-lease' })
  })

  it('refuses what it must, counts it, and goes on', async () => {
    const socket = connect('/volunteer')
    expect(await ask(socket, 'message', { type: 'ready', runId: 'first' })).toMatchObject({ code: 'malformed' })
    await ask(socket, 'hello', hello('v1'))
    expect(await ask(socket, 'update', header(run.maxPayloadBytes + 1))).toMatchObject({ type: 'refused', code: 'malformed' })
    run.refuseUpdate = { type: 'refused', code: 'too-stale', message: '' }
    expect(await ask(socket, 'update', header(100))).toMatchObject({ code: 'too-stale' })
    run.refuseUpdate = undefined
    await ask(socket, 'update', header(100))
    expect(await ask(socket, 'chunk', { type: 'chunk', leaseId: 'lease1', index: 0, bytes: new Uint8Array(99) })).toMatchObject({ code: 'malformed' })
    expect(await ask(socket, 'message', { type: 'ready', runId: 'second' })).toMatchObject({ code: 'malformed' })
    expect(await ask(socket, 'message', null)).toMatchObject({ code: 'malformed' })
    expect(run.payloads).toEqual([])
    expect(run.calls.filter((call) => call.startsWith('malformed'))).toHaveLength(5)
    expect(socket.connected).toBe(true)
  })

  it('cuts a socket that goes on with nonsense', async () => {
    const socket = connect('/volunteer')
    const end = closed(socket)
    for (let i = 0; i < 40; i++) socket.emit(i % 2 === 0 ? 'hello' : 'bogus', { i })
    expect(await end).toBe('io server disconnect')
  })

  it('gives the seat to the newer connection of the same volunteer', async () => {
    const older = connect('/volunteer')
    await ask(older, 'hello', hello('v1'))
    const end = closed(older)
    const newer = connect('/volunteer')
    await ask(newer, 'hello', hello('v1'))
    await end
    expect(run.calls).toEqual(['join v1', 'join v1'])
    newer.disconnect()
    await expect.poll(() => run.calls.at(-1)).toBe('leave v1')
  })

  it('lets no other site in', async () => {
    const failed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('connect_error', resolve))
    expect(await failed(connect('/volunteer', { origin: 'http://evil.example' }))).toBeInstanceOf(Error)
    expect(await failed(connect('/'))).toMatchObject({ message: 'Join /volunteer or /dashboard.' })
    const own = connect('/volunteer', { origin: base })
    await ask(own, 'hello', hello('v1'))
  })
})

describe('originAllowed', () => {
  const policy = { trustProxy: false, allowedOrigins: ['https://friend.example'] }
  it.each([
    [{ host: 'a.example:80', origin: 'http://a.example' }, true],
    [{ host: 'a.example', origin: 'http://a.example:81' }, false],
    [{ host: 'a.example', origin: 'null' }, false],
    [{ host: 'a.example', origin: 'https://friend.example' }, true],
    [{ host: 'inner:1', origin: 'https://a.example', 'x-forwarded-host': 'a.example' }, false],
  ] as const)('%j: %s', (headers, allowed) => expect(originAllowed({ headers: headers as never }, policy)).toBe(allowed))

  it('believes a proxy only when told to', () => {
    expect(originAllowed({ headers: { host: 'inner:1', origin: 'https://a.example', 'x-forwarded-host': 'a.example, b' } }, { ...policy, trustProxy: true })).toBe(true)
  })
})

describe('dashboard sockets', () => {
  it('shows the run and then its events', async () => {
    const socket = connect('/dashboard')
    const events: any[] = []
    socket.on('event', (event) => events.push(event))
    expect(await ask(socket, 'watch', {})).toEqual({ runId: 'first' })
    await expect.poll(() => events.map((event) => event.type)).toEqual(['status', 'curve'])
    run.emit({ type: 'status', status: stubStatus('first') })
    other.emit({ type: 'status', status: stubStatus('second') })
    await expect.poll(() => events.length).toBe(3)
    expect((await ask(socket, 'watch', { runId: 'second' })).runId).toBe('second')
    run.emit({ type: 'curve', points: [], reset: false })
    other.emit({ type: 'curve', points: [], reset: false })
    await expect.poll(() => events.length).toBe(6)
    expect(events.at(-1)).toEqual({ type: 'curve', points: [], reset: false })
  })

  it('obeys only with the token', async () => {
    const socket = connect('/dashboard')
    const control = { type: 'control', runId: 'first', action: 'pause' }
    expect(await ask(socket, 'control', { ...control, token: 'wrong' })).toMatchObject({ ok: false, message: expect.stringContaining('token') })
    expect(await ask(socket, 'control', { ...control, token: 'secret', action: 'explode' })).toMatchObject({ ok: false, message: expect.stringContaining('action') })
    expect(run.calls).toEqual([])
    expect(await ask(socket, 'control', { ...control, token: 'secret' })).toEqual({ ok: true })
    expect(run.calls).toEqual(['control pause'])
  })
})

describe('the port', () => {
  it('says what to do when it is taken', async () => {
    const again = serve({ runs: new Map(), pagesDir: mkdtempSync(join(tmpdir(), 'none-')), encodeModel, host: '127.0.0.1', port: served.port, controlToken: '', trustProxy: false, allowedOrigins: [] })
    await expect(again).rejects.toThrow(`--port ${served.port + 1}`)
  })
})
