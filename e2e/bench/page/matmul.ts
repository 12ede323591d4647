// Square f32 products by ours and by one peer, in turns in one worker, with ours a second time as the control: WGSL beside
// a peer's webgpu, WebAssembly beside a peer's wasm. Both must give the same product first.
import { createWasmRunner } from '../../../src/wasm/runner.ts'
import { isWasm, type MatmulOptions, type MatmulRow } from '../messages.ts'
import { createOurMultiplier, operandsOf } from './our-product.ts'
import { memoryStore, openGpu } from './ours.ts'
import { createPeerMultiplier } from './peer-products.ts'
import { timeInTurns } from './timing.ts'

/** Largest difference of an element, relative to the largest element. */
const SAME_PRODUCT = 1e-3

export async function measureMatmul({ size, peer: peerName, rounds }: MatmulOptions, log: (line: string) => void): Promise<MatmulRow> {
  log(`product of ${size} against ${peerName}`)
  const operands = operandsOf(size)
  const runner = isWasm(peerName) ? await createWasmRunner() : await openGpu(memoryStore())
  const ours = await createOurMultiplier(runner, size, operands), peer = await createPeerMultiplier(peerName, size, operands)
  const difference = differenceOf(await ours.product(), await peer.product())
  if (!(difference <= SAME_PRODUCT)) throw new Error(`product of ${size} against ${peerName}: must agree to ${SAME_PRODUCT} of the largest element, got a difference of ${difference}.`)
  const { oursMs, peerMs, ...rest } = await timeInTurns({ ours: ours.repeat, peer: peer.repeat, rounds })
  const gflops = (ms: number): number => 2 * size ** 3 / ms / 1e6
  return { size, peerName, adapter: runner.adapter.name, ours: gflops(oursMs), peer: gflops(peerMs), ...rest }
}

/** NaN where one is of another length or holds no numbers. */
function differenceOf(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  let largest = 0, difference = ours.length === theirs.length ? 0 : NaN
  for (let i = 0; i < ours.length; i++) {
    largest = Math.max(largest, Math.abs(theirs[i]!))
    difference = Math.max(difference, Math.abs(ours[i]! - theirs[i]!))
  }
  return difference / largest
}
