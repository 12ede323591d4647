// Which page a WebSocket handshake came from, and whether that page is ours. Browsers let any site open a socket to any
// host and say in `Origin` who did; without this check a stranger's page could act through a visitor's browser.
import type { IncomingMessage } from 'node:http'

export interface OriginPolicy {
  /** Believe X-Forwarded-Host and X-Forwarded-Proto: only behind a proxy that sets them. */
  readonly trustProxy: boolean
  /** Other origins whose pages may connect, as `https://example.org`. */
  readonly allowedOrigins: readonly string[]
}

/** True for pages of this very host, for listed origins, and for programs, which send no Origin. */
export function originAllowed(request: Pick<IncomingMessage, 'headers'>, policy: OriginPolicy): boolean {
  const origin = request.headers.origin
  if (origin === undefined) return true
  if (policy.allowedOrigins.includes(origin)) return true
  const host = requestHost(request, policy.trustProxy)
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === withoutDefaultPort(host, new URL(origin).protocol)
}

/** The host and port that the browser asked for. */
export function requestHost(request: Pick<IncomingMessage, 'headers'>, trustProxy: boolean): string | undefined {
  return (trustProxy ? firstOf(request.headers['x-forwarded-host']) : undefined) ?? request.headers.host
}

function firstOf(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : header?.[0]
  return text?.split(',')[0]?.trim() || undefined
}

/** URL drops `:80` and `:443`; some clients and proxies write them. */
function withoutDefaultPort(host: string, protocol: string): string | undefined {
  const url = `${protocol}//${host}`
  return URL.canParse(url) ? new URL(url).host : undefined
}
