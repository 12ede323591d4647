import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { givenCertificate, ownNames, selfSignedCertificate } from './tls.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'tls-'))

it('makes a certificate once and keeps it until the names change', async () => {
  const at = folder()
  const first = await selfSignedCertificate(at, ['localhost', '127.0.0.1'])
  expect(await selfSignedCertificate(at, ['127.0.0.1'])).toEqual(first)
  const moved = await selfSignedCertificate(at, ['localhost', '127.0.0.1', '10.1.2.3'])
  expect(moved.fingerprint).not.toBe(first.fingerprint)
  expect(new X509Certificate(moved.cert).checkIP('10.1.2.3')).toBe('10.1.2.3')
  expect(statSync(join(at, 'key.pem')).mode & 0o077).toBe(0)
  expect(ownNames()).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', '::1']))
})

it('is trusted by whoever is told to trust it', async () => {
  const { cert, key } = await selfSignedCertificate(folder(), ['localhost'])
  const server = createServer({ cert, key }, (_request, response) => response.end('hello')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const status = await new Promise((resolve, reject) => get({ host: '127.0.0.1', servername: 'localhost', port, ca: cert }, (response) => resolve(response.statusCode)).on('error', reject))
  server.close()
  expect(status).toBe(200)
})

it('takes a given pair, and says what is wrong with one', async () => {
  const [one, other] = [folder(), folder()]
  await selfSignedCertificate(one, ['localhost'])
  await selfSignedCertificate(other, ['localhost'])
  const path = (at: string, name: string): string => join(at, name)
  expect((await givenCertificate(path(one, 'cert.pem'), path(one, 'key.pem'))).cert).toBe(readFileSync(path(one, 'cert.pem'), 'utf8'))
  await expect(givenCertificate(path(one, 'cert.pem'), path(other, 'key.pem'))).rejects.toThrow('its own private key')
  writeFileSync(path(other, 'cert.pem'), 'nonsense')
  await expect(givenCertificate(path(other, 'cert.pem'), path(other, 'key.pem'))).rejects.toThrow('PEM')
  await expect(givenCertificate('/nowhere', '/nowhere')).rejects.toThrow('--cert: must be a file that can be read')
})
