// A coordinator as both commands use it: the state folder locked, the runs opened, the server listening; and all of that
// undone in the opposite order.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../src/base/errors.ts'
import { modelToSafetensors } from '../../src/codec/safetensors.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { RunHost } from '../run-host.ts'
import { serve, type Served } from '../serve.ts'
import { lockState } from '../state-lock.ts'
import { givenCertificate, ownNames, selfSignedCertificate, type Certificate } from '../tls.ts'
import { ownUrl } from './addresses.ts'
import { openStoredRun } from './open-run.ts'
import { PAGES_DIR } from './paths.ts'

export interface NetworkOptions {
  readonly host?: string
  readonly port: number
  readonly https: boolean
  readonly cert?: string
  readonly key?: string
  readonly trustProxy: boolean
  readonly allowOrigin: readonly string[]
}

export interface CoordinateOptions {
  readonly configs: readonly RunConfig[]
  readonly dataDir: string | undefined
  readonly stateDir: string
  readonly fresh: boolean
  readonly network: NetworkOptions
  readonly say: (text: string) => void
}

export interface Coordination {
  readonly runs: readonly RunHost[]
  /** For programs on this machine. */
  readonly url: string
  readonly served: Served
  readonly host: string | undefined
  readonly controlToken: string
  readonly certificate: Certificate | undefined
  /** Some of its runs were begun earlier. */
  readonly resumed: boolean
  close(): Promise<void>
}

export async function coordinate(options: CoordinateOptions): Promise<Coordination> {
  const { network, stateDir } = options
  const undo: (() => unknown)[] = [lockState(stateDir)]
  const close = async (): Promise<void> => { while (undo.length > 0) await undo.pop()?.() }
  try {
    const certificate = await certificateFor(network, stateDir)
    const runs = new Map<string, RunHost>()
    let resumed = false
    for (const config of options.configs) {
      const opened = await openStoredRun({ ...options, config })
      undo.push(() => opened.host.close())
      runs.set(opened.host.runId, opened.host)
      resumed ||= opened.resumed
    }
    const host = network.host ?? (certificate === undefined && !network.trustProxy ? '127.0.0.1' : undefined)
    const controlToken = keptToken(join(stateDir, 'control-token'))
    const served = await serve({
      runs, pagesDir: PAGES_DIR, encodeModel: modelToSafetensors, host, port: network.port, controlToken, trustProxy: network.trustProxy, allowedOrigins: network.allowOrigin,
      ...(certificate === undefined ? {} : { tls: certificate, strictTransport: !certificate.selfSigned }),
    })
    undo.push(() => served.close())
    return { runs: [...runs.values()], url: ownUrl({ ...served, host }), served, host, controlToken, certificate, resumed, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function certificateFor({ https, cert, key }: NetworkOptions, stateDir: string): Promise<Certificate | undefined> {
  if ((cert === undefined) !== (key === undefined)) throw new ConfigError(`--cert and --key: must be given together, got only ${cert === undefined ? '--key' : '--cert'}.`)
  if (cert !== undefined && key !== undefined) return givenCertificate(cert, key)
  return https ? selfSignedCertificate(join(stateDir, 'tls'), ownNames()) : undefined
}

/** Kept, so that a dashboard left open has control again after a restart. */
function keptToken(path: string): string {
  try {
    const kept = readFileSync(path, 'utf8').trim()
    if (/^[A-Za-z0-9_-]{20,128}$/.test(kept)) return kept
  } catch {
    // The first start here: there is none yet.
  }
  const token = randomBytes(18).toString('base64url')
  writeFileSync(path, `${token}\n`, { mode: 0o600 })
  return token
}
