// The wire between one tab and the coordinator, which can be slow or cut. A proxy of our own, because DevTools' network
// conditions reach neither a worker's requests nor WebSockets.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Transform } from 'node:stream'

export interface Wire {
  readonly port: number
  /** Whole chunks of bytes come later by this much, both ways. */
  slow(delayMs: number, bytesPerSecond: number): void
  /** Ends every connection, and refuses new ones. */
  cut(): void
  mend(): void
  close(): void
}

export async function layWire(targetPort: number): Promise<Wire> {
  const ends = new Set<Socket>()
  let slowness = { delayMs: 0, bytesPerSecond: Infinity }
  let isCut = false

  /** Bytes pass one chunk at a time, so that a slow wire also pushes back. */
  const passing = (): Transform => new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const waitMs = slowness.delayMs + (chunk.length / slowness.bytesPerSecond) * 1000
      if (waitMs === 0) done(null, chunk)
      else setTimeout(() => done(null, chunk), waitMs)
    },
  })

  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(targetPort, '127.0.0.1')
    for (const [end, other] of [[near, far], [far, near]] as const) {
      ends.add(end)
      end.setNoDelay(true)
      // An end that breaks breaks the other one too, as on a real wire.
      end.on('error', () => other.destroy())
      end.on('close', () => {
        ends.delete(end)
        other.destroy()
      })
      end.pipe(passing()).pipe(other)
    }
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const cut = (): void => {
    isCut = true
    for (const end of ends) end.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    slow(delayMs, bytesPerSecond) { slowness = { delayMs, bytesPerSecond } },
    cut,
    mend() {
      isCut = false
      slowness = { delayMs: 0, bytesPerSecond: Infinity }
    },
    close() {
      cut()
      server.close()
    },
  }
}
