// WebGPU exists only on https or localhost, so a coordinator that other machines join needs TLS. `--https` makes a
// certificate of its own on first use and keeps it; it is made anew when this machine's addresses change or it expires.
import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { generate } from 'selfsigned'
import { ConfigError } from '../src/base/errors.ts'

export interface Certificate {
  readonly cert: string
  readonly key: string
  /** Made here: browsers will warn. */
  readonly selfSigned: boolean
  /** SHA-256, as browsers show it. */
  readonly fingerprint: string
}

const DAY_MS = 86_400_000
/** Browsers of Apple refuse certificates that live longer. */
const LIFETIME_DAYS = 397
const RENEW_DAYS = 14

/** The kept certificate where it still fits `names`, else a new one. */
export async function selfSignedCertificate(folder: string, names: readonly string[]): Promise<Certificate> {
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const kept = await Promise.all([readFile(paths.cert, 'utf8'), readFile(paths.key, 'utf8')]).catch(() => undefined)
  if (kept !== undefined && stillFits(kept[0], names)) return describe(kept[0], kept[1], true)
  const now = Date.now()
  const { cert, private: key } = await generate([{ name: 'commonName', value: hostname() }, { name: 'organizationName', value: 'Commonweight on this machine' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // A day of tolerance for clocks that are behind.
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now + (LIFETIME_DAYS - 1) * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map((name) => isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name }) },
    ],
  })
  await mkdir(folder, { recursive: true })
  await writeFile(paths.key, key, { mode: 0o600 })
  await writeFile(paths.cert, cert)
  return describe(cert, key, true)
}

/** A certificate that somebody issued. Throws ConfigError where the files do not make a pair. */
export async function givenCertificate(certPath: string, keyPath: string): Promise<Certificate> {
  const read = async (flag: string, path: string): Promise<string> => readFile(path, 'utf8').catch((cause: Error) => {
    throw new ConfigError(`${flag}: must be a file that can be read, got ${path} (${cause.message}).`, { cause })
  })
  const [cert, key] = [await read('--cert', certPath), await read('--key', keyPath)]
  try {
    createSecureContext({ cert, key })
    return describe(cert, key, false)
  } catch (cause) {
    throw new ConfigError(`--cert and --key: must be a certificate and its own private key in PEM form, got files that are not (${(cause as Error).message}).`, { cause })
  }
}

/** Every name and address under which a browser may reach this machine. */
export function ownNames(): readonly string[] {
  const name = hostname()
  const local = name.includes('.') ? [] : [`${name}.local`]
  return [...new Set(['localhost', name, ...local, '127.0.0.1', '::1', ...networkAddresses()])].filter((entry) => /^[\x21-\x7e]+$/.test(entry))
}

/** This machine's addresses on its networks, IPv4 first. */
export function networkAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).filter((address) => !address.internal && !address.address.startsWith('fe80'))
  return [...all.filter(({ family }) => family === 'IPv4'), ...all.filter(({ family }) => family !== 'IPv4')].map(({ address }) => address)
}

function stillFits(pem: string, names: readonly string[]): boolean {
  const certificate = new X509Certificate(pem)
  const covers = (name: string): boolean => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined
  return Date.parse(certificate.validTo) - Date.now() > RENEW_DAYS * DAY_MS && names.every(covers)
}

function describe(cert: string, key: string, selfSigned: boolean): Certificate {
  return { cert, key, selfSigned, fingerprint: new X509Certificate(cert).fingerprint256 }
}
