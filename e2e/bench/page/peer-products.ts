// Square f32 products by the peers, as their users write them.
import { defaultDevice, init, jit, numpy as np } from '@jax-js/jax'
import '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs'
import type { PeerName } from '../messages.ts'
import type { Multiplier, Operands } from './our-product.ts'

export const createPeerMultiplier = (peer: PeerName, size: number, operands: Operands): Promise<Multiplier> =>
  peer === 'tfjs-webgpu' ? createTfjsMultiplier(size, operands) : createJaxMultiplier(peer === 'jaxjs-wasm' ? 'wasm' : 'webgpu', size, operands)

/** Products of jax-js that are asked for and not there yet. */
const IN_FLIGHT = 8

async function createJaxMultiplier(device: 'webgpu' | 'wasm', size: number, operands: Operands): Promise<Multiplier> {
  await init(device)
  defaultDevice(device)
  const a = np.array(operands.a, { shape: [size, size] }), b = np.array(operands.b, { shape: [size, size] })
  const product = jit((x: np.Array, y: np.Array) => np.matmul(x, y))
  return {
    // What is disposed of before it was asked for is never computed: each is asked for, and waited for a few products later.
    async repeat(count) {
      const asked: Promise<void>[] = []
      for (let i = 0; i < count; i++) {
        if (asked.length === IN_FLIGHT) await asked.shift()
        const c = product(a.ref, b.ref)
        asked.push(c.blockUntilReady().then(() => c.dispose()))
      }
      await Promise.all(asked)
    },
    product: async () => Float32Array.from(await product(a.ref, b.ref).data()),
  }
}

async function createTfjsMultiplier(size: number, operands: Operands): Promise<Multiplier> {
  await tf.setBackend('webgpu')
  await tf.ready()
  if (tf.getBackend() !== 'webgpu') throw new Error(`TensorFlow.js backend: must be webgpu, got ${tf.getBackend()}`)
  const a = tf.tensor2d(operands.a, [size, size]), b = tf.tensor2d(operands.b, [size, size])
  return {
    // One element is read, not the whole: that waits for the product without timing a large copy.
    async repeat(count) {
      for (let i = 1; i < count; i++) tf.dispose(tf.matMul(a, b))
      const c = tf.matMul(a, b)
      const corner = tf.slice(c, [0, 0], [1, 1])
      await corner.data()
      tf.dispose([c, corner])
    },
    async product() {
      const c = tf.matMul(a, b)
      const values = await c.data()
      c.dispose()
      return values
    },
  }
}
