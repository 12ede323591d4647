// Puts a coordinator on the network: one HTTP(S) server with the pages, the runs' files and the two socket.io namespaces.
// Closing it closes every connection; the runs themselves belong to whoever opened them.
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Server as SocketServer, type Socket } from 'socket.io'
import { ConfigError } from '../src/base/errors.ts'
import { CHUNK_BYTES } from '../src/wire/messages.ts'
import { openDashboard } from './dashboard-socket.ts'
import { createRequestListener, type HttpOptions } from './http.ts'
import { originAllowed, type OriginPolicy } from './origin.ts'
import { welcomeVolunteer } from './volunteer-socket.ts'

/** A chunk with its wrapping, or the header of an update with the longest table of tensors. */
const MAX_MESSAGE_BYTES = 4 * CHUNK_BYTES
/** A tab in the background may be slow to answer a ping. */
const PING = { pingInterval: 10_000, pingTimeout: 20_000 } as const

export interface ServeOptions extends HttpOptions, OriginPolicy {
  /** Undefined for every address of this machine. */
  readonly host: string | undefined
  /** 0 for any free one. */
  readonly port: number
  readonly controlToken: string
  readonly tls?: { readonly cert: string; readonly key: string }
}

export interface Served {
  readonly port: number
  readonly protocol: 'http' | 'https'
  close(): Promise<void>
}

export async function serve(options: ServeOptions): Promise<Served> {
  const listener = createRequestListener(options)
  // Headers of a few hundred bytes are all that a browser sends here; a slow sender is dropped.
  const limits = { maxHeaderSize: 16 * 1024, headersTimeout: 15_000, requestTimeout: 30_000 } as const
  const server = options.tls === undefined ? createHttpServer(limits, listener) : createHttpsServer({ ...limits, ...options.tls }, listener)
  const io = new SocketServer(server, {
    ...PING,
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    allowRequest: (request, decide) => originAllowed(request, options) ? decide(null, true) : decide('origin', false),
  })
  const seats = new Map<string, Socket>()
  io.use((_socket, next) => next(new Error('Join /volunteer or /dashboard.')))
  io.of('/volunteer').on('connection', (socket) => welcomeVolunteer(socket, { runs: options.runs, seats }))
  const closeDashboard = openDashboard(io.of('/dashboard'), options)
  await listen(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    protocol: options.tls === undefined ? 'http' : 'https',
    async close() {
      closeDashboard()
      await io.close()
      server.closeAllConnections()
    },
  }
}

/** Without its native part, unmasking in JavaScript limits a socket to a sixth of the speed. */
export function nativeUnmasking(): boolean {
  const bufferutil = createRequire(import.meta.url)('bufferutil') as { readonly unmask: (buffer: Buffer, mask: Buffer) => void }
  return bufferutil.unmask.toString().includes('[native code]')
}

function listen(server: HttpServer, { host, port }: { readonly host: string | undefined; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
    server.listen(port, host, resolve)
  })
}

function listenError(error: NodeJS.ErrnoException, host: string | undefined, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE': return new ConfigError(`--port: must be free, but another program listens on ${port}. Stop that program, or choose another port: npm start -- --port ${port + 1}`)
    case 'EACCES': return new ConfigError(`--port: must be one that you may open, got ${port}. Choose one above 1023: npm start -- --port 8787`)
    case 'EADDRNOTAVAIL': case 'ENOTFOUND': return new ConfigError(`host: must be an address of this machine, got "${host}". Leave --host out to listen on all of them.`)
    default: return error
  }
}
