// Everything that is fetched: the built pages, and per run its files (snapshots and shards by their SHA-256, which never
// change and so are cached for ever), its description and its model. Nothing is accepted here: only GET and HEAD.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Layout } from '../src/model/layout.ts'
import type { Health, RunListing } from '../src/wire/dashboard.ts'
import { loadPages } from './pages.ts'
import type { RunHost } from './run-host.ts'
import { findHost, type RunTable } from './run-table.ts'

export interface HttpOptions {
  readonly runs: RunTable
  /** The folder that `npm run build` fills. */
  readonly pagesDir: string
  /** The form in which a model is downloaded. */
  readonly encodeModel: (layout: Layout, params: Float32Array, metadata: Readonly<Record<string, string>>) => Uint8Array
  /** Tell browsers to come by https only: set where TLS is used and its certificate is a real one. */
  readonly strictTransport?: boolean
}

/**
 * COOP and COEP make the pages cross-origin isolated (shared memory, fine timers). The policy allows what the pages do:
 * own scripts and workers, WebAssembly, sockets to this host.
 */
const SECURITY_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': [
    "default-src 'self'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:",
    "connect-src 'self' ws: wss:", "worker-src 'self' blob:", "object-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  ].join('; '),
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

/** What is written at once. */
const PIECE_BYTES = 512 * 1024

const RUN_PATH = /^\/runs\/([A-Za-z0-9_-]{1,64})\/(.+)$/
const FILE_PATH = /^files\/([0-9a-f]{64})$/

export function createRequestListener(options: HttpOptions): RequestListener {
  const servePage = loadPages(options.pagesDir)
  return (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
    if (options.strictTransport === true) response.setHeader('Strict-Transport-Security', 'max-age=31536000')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      // A body that nobody reads must not keep the connection.
      response.setHeader('Connection', 'close')
      return sendText(request, response, 405, 'Only GET and HEAD are answered here.')
    }
    const path = pathOf(request)
    if (path === '/health') return sendJson(request, response, health(options.runs))
    const match = RUN_PATH.exec(path)
    if (match === null) {
      if (!servePage(path, request, response)) sendText(request, response, 404, `There is nothing at ${path}.`)
      return
    }
    const [, runId, rest] = match as unknown as readonly [string, string, string]
    const host = findHost(options.runs, runId)
    if (host === undefined) return sendText(request, response, 404, `There is no run ${runId}.`)
    serveRun({ host, path: rest, encodeModel: options.encodeModel }, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else sendText(request, response, 500, 'The coordinator could not answer.')
      console.error(`GET ${path}:`, error)
    })
  }
}

async function serveRun({ host, path, encodeModel }: { readonly host: RunHost; readonly path: string } & Pick<HttpOptions, 'encodeModel'>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = FILE_PATH.exec(path)?.[1]
  if (hash !== undefined) return serveFile(host, hash, request, response)
  if (path === 'description.json') return sendJson(request, response, describeRun(host))
  if (path === 'partition.json' && host.partition !== undefined) return sendJson(request, response, host.partition)
  if (path === 'model.safetensors') {
    const { version, layout, params } = await host.currentModel()
    response.setHeader('Content-Disposition', `attachment; filename="${host.runId}-v${version}.safetensors"`)
    response.setHeader('Cache-Control', 'no-store')
    const bytes = encodeModel(layout, params, { run: host.runId, model: host.model.name, modelVersion: String(version) })
    return sendBytes(request, response, { type: 'application/octet-stream', bytes })
  }
  sendText(request, response, 404, `The run ${host.runId} has no ${path}.`)
}

async function serveFile(host: RunHost, hash: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const etag = `"${hash}"`
  const bytes = await host.file(hash)
  if (bytes === undefined) return sendText(request, response, 404, `The run ${host.runId} has no file ${hash}: it may be an older version that is no longer kept.`)
  response.setHeader('ETag', etag)
  response.setHeader('Cache-Control', 'public, max-age=31536000, immutable')
  if (request.headers['if-none-match']?.includes(etag) === true) return void response.writeHead(304).end()
  const before = request.socket.bytesWritten
  // Counted as it leaves, head and all, and also where the other end hangs up half-way.
  response.once('close', () => host.countBytesDown(Math.max(0, request.socket.bytesWritten - before)))
  sendBytes(request, response, { type: 'application/octet-stream', bytes })
}

/** What a page needs to run the current model by itself. */
function describeRun(host: RunHost): unknown {
  const { modelVersion, modelHash } = host.status()
  return { config: host.config, model: host.model, dataset: host.dataset, modelVersion, modelHash }
}

function health(runs: RunTable): Health {
  return { ok: true, runs: [...runs.values()].map(listRun) }
}

function listRun(host: RunHost): RunListing {
  const { title, state, modelVersion, connected, evaluation } = host.status()
  return { runId: host.runId, name: host.config.name, title, state, modelVersion, volunteers: connected, ...(evaluation === undefined ? {} : { accuracy: evaluation.accuracy }) }
}

function pathOf(request: IncomingMessage): string {
  const path = (request.url ?? '/').split('?')[0] as string
  return path.replace(/[^\x21-\x7e]/g, '?').slice(0, 500)
}

function sendJson(request: IncomingMessage, response: ServerResponse, value: unknown): void {
  response.setHeader('Cache-Control', 'no-store')
  sendBytes(request, response, { type: 'application/json; charset=utf-8', bytes: Buffer.from(JSON.stringify(value)) })
}

function sendText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  sendBytes(request, response, { type: 'text/plain; charset=utf-8', bytes: Buffer.from(`${text}\n`), status })
}

function sendBytes(request: IncomingMessage, response: ServerResponse, body: { readonly type: string; readonly bytes: Uint8Array; readonly status?: number }): void {
  response.writeHead(body.status ?? 200, { 'Content-Type': body.type, 'Content-Length': body.bytes.byteLength })
  if (request.method === 'HEAD') response.end()
  else sendPieces(response, body.bytes)
}

/** Large bodies piece by piece, as the other end takes them: neither encryption nor the system's copy then keeps the event loop for long. */
function sendPieces(response: ServerResponse, bytes: Uint8Array): void {
  let at = 0
  const send = (): void => {
    while (bytes.byteLength - at > PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES)
      at += PIECE_BYTES
      if (!response.write(piece)) return void response.once('drain', send)
    }
    response.end(bytes.subarray(at))
  }
  send()
}
