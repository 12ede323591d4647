// What an idle volunteer's socket costs the coordinator's process: a real server and a real run, and clients in another process that
// speak no more of the protocol than they must.
import { request } from 'node:http'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { serve } from '../../../server/serve.ts'
import { openBenchRun } from './bench-run.ts'
import { startChild, type Role } from '../child.ts'
import type { AddRow } from './row.ts'
import { helloOf } from './stub-volunteer.ts'

const SOCKETS = 5_000
/** That are being opened at the same time. */
const OPENING = 50
const TARGET_BYTES = 40_000

export async function measureSockets(add: AddRow): Promise<void> {
  const server = startChild('socket-server', {})
  const port = await server.hear<number>()
  await server.hear()
  server.tell('rss')
  const before = await server.hear<number>()
  const clients = startChild('socket-clients', { port })
  const open = await clients.hear<number>()
  await clients.hear()
  server.tell('rss')
  const after = await server.hear<number>()
  server.tell('connected')
  const connected = await server.hear<number>()
  await clients.end()
  await server.end()
  const each = (after - before) / connected
  add({
    name: `${connected.toLocaleString('en')} idle sockets`, value: `${(each / 1000).toFixed(1)} KB each`, target: `${SOCKETS.toLocaleString('en')} of ${TARGET_BYTES / 1000} KB`,
    reached: each < TARGET_BYTES && connected === SOCKETS && open === SOCKETS,
    notes: 'volunteers that said hello and wait, over socket.io; difference of the server\'s resident memory after collecting garbage', figures: { bytesEach: each, connected, before, after },
  })
}

export const socketServer: Role = async (tell) => {
  const run = await openBenchRun({ name: 'sockets', features: 64, hidden: [], trainExamples: 1_000, batchSize: 1, schedule: { type: 'buffered', bufferSize: 4, examplesPerLease: 1, maxStaleness: 100 } })
  const { host } = run
  const served = await serve({ runs: new Map([[host.runId, host]]), pagesDir: join(import.meta.dirname, '../pages'), encodeModel: () => new Uint8Array(0), host: '127.0.0.1', port: 0, controlToken: '', trustProxy: false, allowedOrigins: [] })
  tell(served.port)
  return async (message) => {
    if (message === 'rss') {
      // What is left of the handshakes goes first.
      for (let i = 0; i < 3; i++) {
        await new Promise((resolve) => setTimeout(resolve, 500))
        globalThis.gc?.()
      }
      tell(process.memoryUsage.rss())
    }
    if (message === 'connected') tell(host.status().connected)
    if (message === 'end') {
      await served.close()
      await run.close()
    }
  }
}

export const socketClients: Role = async (tell, { port }: { readonly port: number }) => {
  const sockets: Socket[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < SOCKETS) sockets.push(await openIdle(port, `v${next++}`))
  }
  await Promise.all(Array.from({ length: OPENING }, lane))
  tell(sockets.length)
  return () => { for (const socket of sockets) socket.destroy() }
}

/** A socket that has joined as a volunteer, and from then on only answers pings. */
function openIdle(port: number, volunteerId: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const handshake = request({
      host: '127.0.0.1', port, path: '/socket.io/?EIO=4&transport=websocket',
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'), Origin: `http://127.0.0.1:${port}` },
    })
    handshake.once('response', ({ statusCode }) => reject(new Error(`socket: must be upgraded, got HTTP ${statusCode}.`)))
    handshake.once('error', reject)
    handshake.once('upgrade', (_response, socket, head) => {
      const hear = (bytes: Buffer): void => {
        for (const text of textsOf(bytes)) {
          // engine.io: 0 open, 2 ping, 4 message; socket.io within: 40 connected, 43 an acknowledgement.
          if (text.startsWith('0')) send(socket, '40/volunteer,')
          else if (text === '2') send(socket, '3')
          else if (text.startsWith('40/volunteer')) send(socket, `42/volunteer,0${JSON.stringify(['hello', helloOf(volunteerId)])}`)
          else if (text.startsWith('43/volunteer,0')) {
            if (text.includes('"refused"')) reject(new Error(`hello: must be welcome, got ${text}`))
            resolve(socket)
          }
        }
      }
      socket.on('data', hear)
      socket.on('error', reject)
      if (head.length > 0) hear(head)
    })
    handshake.end()
  })
}

/** Texts of whole, short frames; servers do not mask theirs. Of a longer one (the welcome) only the beginning matters. */
function textsOf(bytes: Buffer): readonly string[] {
  const texts: string[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes[at + 1]! & 127
    const head = short === 126 ? 4 : short === 127 ? 10 : 2
    if (at + head > bytes.length) break
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short
    texts.push(bytes.toString('utf8', at + head, Math.min(bytes.length, at + head + length)))
    at += head + length
  }
  return texts
}

function send(socket: Socket, text: string): void {
  const body = Buffer.from(text), mask = randomBytes(4)
  const head = body.length < 126 ? Buffer.from([0x81, 0x80 | body.length]) : Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 255])
  socket.write(Buffer.concat([head, mask, body.map((byte, i) => byte ^ mask[i % 4]!)]))
}
