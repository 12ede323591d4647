// A coordinator as both commands use it: the state folder locked, the runs opened, the server listening; and all of that
// undone in the opposite order.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../src/base/errors.ts'
import { modelToSafetensors } from '../../src/codec/safetensors.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { Retention } from '../coordinator/retention.ts'
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
  readonly retention: Retention
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
  /** Ids of those that were begun earlier. */
  readonly resumed: ReadonlySet<string>
  close(): Promise<void>
}

export async function coordinate(options: CoordinateOptions): Promise<Coordination> {
  const { network, stateDir } = options
  const undo: (() => unknown)[] = [lockState(stateDir)]
  const close = async (): Promise<void> => { while (undo.length > 0) await undo.pop()?.() }
  try {
    const certificate = await certificateFor(network, stateDir)
    const opened = await openEach(options, async (config) => {
      const run = await openStoredRun({ ...options, config })
      undo.push(() => run.host.close())
      return run
    })
    const runs = opened.map((run) => run.host)
    const host = network.host ?? (certificate === undefined && !network.trustProxy ? '127.0.0.1' : undefined)
    const controlToken = keptToken(join(stateDir, 'control-token'))
    const served = await serve({
      runs: new Map(runs.map((run) => [run.runId, run])), pagesDir: PAGES_DIR, encodeModel: modelToSafetensors, host, port: network.port, controlToken, trustProxy: network.trustProxy, allowedOrigins: network.allowOrigin,
      ...(certificate === undefined ? {} : { tls: certificate, strictTransport: !certificate.selfSigned }),
    })
    undo.push(() => served.close())
    const resumed = new Set(opened.flatMap((run) => (run.resumed ? [run.host.runId] : [])))
    return { runs, url: ownUrl({ ...served, host }), served, host, controlToken, certificate, resumed, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Says what is wrong with a run that cannot be opened, and opens the others all the same. Throws where none can be. */
export async function openEach<T>({ configs, say }: Pick<CoordinateOptions, 'configs' | 'say'>, open: (config: RunConfig) => Promise<T>): Promise<readonly T[]> {
  const again = configs.find(({ name }, i) => configs.findIndex((other) => other.name === name) < i)
  if (again !== undefined) throw new ConfigError(`--run: must name each run once, got ${again.name} twice. Leave one out, or give it another name in its file.`)
  const opened: T[] = [], wrong: string[] = []
  for (const config of configs) {
    await open(config).then((run) => opened.push(run), (error: unknown) => {
      if (!(error instanceof ConfigError)) throw error
      wrong.push(error.message)
    })
  }
  if (opened.length === 0) throw new ConfigError(wrong.join('\n'))
  for (const message of wrong) say(`\nLeft out, as it cannot be opened: ${message}`)
  return opened
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
