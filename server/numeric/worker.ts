// The worker thread's entry: answers calls of thread.ts, one after the other. The same program serves as aggregator and
// as evaluator, in a thread each.
import { parentPort } from 'node:worker_threads'
import { present } from '../../src/base/errors.ts'
import type { Call, Reply } from './calls.ts'
import { createInlineEvaluator, createInlineNumeric } from './inline.ts'

const port = present(parentPort, 'parent thread')
const numeric = createInlineNumeric()
const evaluator = createInlineEvaluator()

// A chain, so that a call that waits (evaluation) is not overtaken by the next one.
let last: Promise<void> = Promise.resolve()
port.on('message', (call: Call) => {
  last = last.then(() => answer(call))
})

async function answer(call: Call): Promise<void> {
  try {
    const { value, transfer } = await perform(call)
    if (call.id !== undefined) port.postMessage({ id: call.id, value } satisfies Reply, transfer)
  } catch (error) {
    // Without an id nobody waits: let the thread die of it, which the owner hears.
    if (call.id === undefined) throw error
    port.postMessage({ id: call.id, error } satisfies Reply)
  }
}

async function perform(call: Call): Promise<{ value: unknown; transfer: ArrayBuffer[] }> {
  switch (call.method) {
    case 'open': return snapshot(await numeric.open(...call.args))
    case 'check': {
      const value = await numeric.check(...call.args)
      return { value, transfer: [value.payload.buffer as ArrayBuffer] }
    }
    case 'discard': return { value: numeric.discard(...call.args), transfer: [] }
    case 'accumulate': return { value: numeric.accumulate(...call.args), transfer: [] }
    case 'apply': return snapshot(await numeric.apply(...call.args))
    case 'checkpoint': return snapshot(await numeric.checkpoint())
    case 'openEvaluator': return { value: await evaluator.open(...call.args), transfer: [] }
    case 'evaluate': return { value: await evaluator.evaluate(...call.args), transfer: [] }
  }
}

const snapshot = <T extends { readonly bytes: Uint8Array }>(value: T): { value: T; transfer: ArrayBuffer[] } => ({ value, transfer: [value.bytes.buffer as ArrayBuffer] })
