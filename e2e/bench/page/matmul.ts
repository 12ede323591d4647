// Square f32 products: our tuned kernel and a peer's, one after the other in the same worker.
import { defaultDevice, init, jit, numpy as np } from '@jax-js/jax'
import '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs'
import { browserGpu, openDevice } from '../../../src/gpu/device.ts'
import { matmul } from '../../../src/kernels/matmul.ts'
import type { MatmulRow, PeerName } from '../messages.ts'
import { createRowTimer } from './rows.ts'

const SIZES = [512, 1024]
/** Timed batches of products of a peer; the least is reported, as for ours. */
const REPEATS = 5
/** A batch's products are all asked for before the last is waited for: on a GPU the waiting takes longer than a product. */
const BATCH_MS = 50
const MOST_PRODUCTS = 100

export async function measureMatmul({ peer }: { readonly peer: PeerName }, log: (line: string) => void): Promise<readonly MatmulRow[]> {
  const rows: MatmulRow[] = []
  for (const size of SIZES) {
    log(`matmul ${size} against ${peer}`)
    const gflops = (ms: number): number => (2 * size ** 3) / ms / 1e6
    const ours = gflops(await oursMs(size))
    const theirs = gflops(peer === 'tfjs-webgpu' ? await tfjsMs(size) : await jaxMs(size, peer === 'jaxjs-wasm' ? 'wasm' : 'webgpu'))
    rows.push({ size, peer, ours, theirs })
  }
  return rows
}

async function oursMs(size: number): Promise<number> {
  const opened = await openDevice(browserGpu())
  const [best] = await createRowTimer(opened)(matmul, { M: size, N: size, K: size, TA: 0, TB: 0, BIAS: 0, ACT: 0 })
  opened.device.destroy()
  return best!.ms
}

const randoms = (size: number): Float32Array<ArrayBuffer> => Float32Array.from({ length: size * size }, (_, i) => ((i * 7919) % 1009) / 1009 - 0.5)

async function leastMs(work: (products: number) => Promise<unknown>): Promise<number> {
  const each = async (products: number): Promise<number> => {
    const start = performance.now()
    await work(products)
    return (performance.now() - start) / products
  }
  await work(1)
  const products = Math.max(1, Math.min(MOST_PRODUCTS, Math.ceil(BATCH_MS / await each(1))))
  let least = Infinity
  for (let i = 0; i < REPEATS; i++) least = Math.min(least, await each(products))
  return least
}

async function jaxMs(size: number, device: 'webgpu' | 'wasm'): Promise<number> {
  await init(device)
  defaultDevice(device)
  const a = np.array(randoms(size), { shape: [size, size] }), b = np.array(randoms(size), { shape: [size, size] })
  const product = jit((x: np.Array, y: np.Array) => np.matmul(x, y))
  return leastMs(async (products) => {
    for (let i = 1; i < products; i++) product(a.ref, b.ref).dispose()
    const c = product(a.ref, b.ref)
    await c.blockUntilReady()
    c.dispose()
  })
}

async function tfjsMs(size: number): Promise<number> {
  await tf.setBackend('webgpu')
  await tf.ready()
  const a = tf.tensor2d(randoms(size), [size, size]), b = tf.tensor2d(randoms(size), [size, size])
  // One element is read, not the whole: that waits for the product without timing a large copy.
  return leastMs(async (products) => {
    for (let i = 1; i < products; i++) tf.dispose(tf.matMul(a, b))
    const c = tf.matMul(a, b)
    const corner = tf.slice(c, [0, 0], [1, 1])
    await corner.data()
    tf.dispose([c, corner])
  })
}
