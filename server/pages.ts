// The built pages, held in memory: a rebuild on disk while the coordinator runs must neither break it nor mix two builds.
// They are small; text is compressed once, on loading.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

interface Page {
  readonly type: string
  readonly bytes: Buffer
  readonly gzipped: Buffer | undefined
  readonly etag: string
  readonly cacheControl: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.jpg': 'image/jpeg', '.ico': 'image/x-icon', '.wasm': 'application/wasm', '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8', '.webmanifest': 'application/manifest+json',
}
const TEXT = /^(text|application\/(json|manifest|wasm)|image\/svg)/

/** Answers a GET or HEAD for one of the pages; false where there is none at `path`. */
export type PageServer = (path: string, request: IncomingMessage, response: ServerResponse) => boolean

/** Loads every file of `folder`: `/x` serves x or x.html, `/` serves index.html. */
export function loadPages(folder: string): PageServer {
  const pages = new Map<string, Page>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const path = `/${name.replaceAll('\\', '/')}`
    const page = loadPage(join(folder, name), type, path)
    for (const address of [path, path.replace(/(index)?\.html$/, ''), path.replace(/index\.html$/, '')]) if (address !== '') pages.set(address, page)
  }
  return (path, request, response) => {
    const page = pages.get(path)
    if (page === undefined) return false
    response.setHeader('Cache-Control', page.cacheControl)
    response.setHeader('ETag', page.etag)
    response.setHeader('Vary', 'Accept-Encoding')
    if (request.headers['if-none-match'] === page.etag) return response.writeHead(304).end(), true
    const compressed = /\bgzip\b/.test(String(request.headers['accept-encoding'])) ? page.gzipped : undefined
    if (compressed !== undefined) response.setHeader('Content-Encoding', 'gzip')
    const body = compressed ?? page.bytes
    response.writeHead(200, { 'Content-Type': page.type, 'Content-Length': body.byteLength })
    response.end(request.method === 'HEAD' ? undefined : body)
    return true
  }
}

function loadPage(file: string, type: string, path: string): Page {
  const bytes = readFileSync(file)
  const gzipped = TEXT.test(type) && bytes.length > 1_000 ? gzipSync(bytes) : undefined
  return {
    type,
    bytes,
    gzipped,
    etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`,
    // Names in assets/ hold a hash of their contents. A page is asked for again each time, so that an update reaches everyone.
    cacheControl: path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  }
}
