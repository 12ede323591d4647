// What the terminal says about where to go: the two addresses, and for other machines the one that works there, what
// their browser will say, and why.
import { networkAddresses, type Certificate } from '../tls.ts'

export interface AddressOptions {
  readonly protocol: 'http' | 'https'
  readonly port: number
  /** What it listens on; undefined for every address. */
  readonly host: string | undefined
  readonly controlToken: string
  readonly certificate?: Certificate
  readonly trustProxy: boolean
}

const isLocal = (host: string | undefined): boolean => host !== undefined && ['localhost', '127.0.0.1', '::1'].includes(host)
const isAny = (host: string | undefined): boolean => host === undefined || ['0.0.0.0', '::'].includes(host)

/** Address for programs on this machine. */
export function ownUrl({ protocol, port, host }: Pick<AddressOptions, 'protocol' | 'port' | 'host'>): string {
  return urlOf(protocol, isAny(host) || isLocal(host) ? 'localhost' : (host as string), port)
}

export function describeAddresses(options: AddressOptions): string {
  const url = ownUrl(options)
  const lines = [`  Volunteer page   ${url}/`, `  Dashboard        ${url}/dashboard#token=${options.controlToken}`, '', ...describeOthers(options)]
  return lines.join('\n')
}

function describeOthers({ protocol, port, host, certificate, trustProxy }: AddressOptions): readonly string[] {
  if (trustProxy) return ['  Others open the address of your proxy. It must serve https, as WebGPU exists only there.']
  if (isLocal(host) || protocol === 'http') return ['  Only this machine can join: browsers offer WebGPU on https or localhost alone. To let others join, add --https']
  const reachable = isAny(host) ? networkAddresses() : [host as string]
  if (reachable.length === 0) return ['  This machine is on no network, so nobody else can join.']
  const others = reachable.slice(0, 3).map((address, index) => `  ${index === 0 ? 'Others open    ' : '               '}  ${urlOf(protocol, address, port)}/`)
  if (certificate?.selfSigned !== true) return [...others, '  (or the name on your certificate)']
  return [
    ...others,
    '',
    '  Their browser will say that the connection is not private, since this machine made its own certificate and no',
    '  authority vouches for it. They choose "Advanced", then "Proceed". What the browser then shows as the SHA-256',
    '  fingerprint should be:',
    `  ${certificate.fingerprint}`,
  ]
}

const urlOf = (protocol: string, host: string, port: number): string => `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`
