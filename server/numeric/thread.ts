// Numeric work in worker threads: one for the aggregation, one for evaluations, so that neither waits for the other
// and both leave the event loop alone.
import { Worker } from 'node:worker_threads'
import { InvariantError } from '../../src/base/errors.ts'
import type { Call, Reply } from './calls.ts'
import type { Evaluator, Numeric } from './numeric.ts'

interface Thread {
  ask<T>(call: Call, transfer?: readonly ArrayBuffer[]): Promise<T>
  tell(call: Call): void
  close(): Promise<void>
}

/** `script` is the built worker.ts. Errors of calls without an answer end the process: they are bugs. */
function startThread(script: URL | string, name: string): Thread {
  const worker = new Worker(script, { name })
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>()
  let next = 0, closing = false
  worker.on('message', (reply: Reply) => {
    const caller = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('error' in reply) caller?.reject(reply.error)
    else caller?.resolve(reply.value as never)
  })
  worker.on('exit', (code) => {
    if (!closing) throw new InvariantError(`${name} thread: must live as long as its run, got exit code ${code}.`)
  })
  return {
    ask: (call, transfer = []) => new Promise((resolve, reject) => {
      const id = next++
      waiting.set(id, { resolve, reject })
      worker.postMessage({ ...call, id }, transfer as ArrayBuffer[])
    }),
    tell: (call) => worker.postMessage(call),
    async close() {
      closing = true
      await worker.terminate()
    },
  }
}

export function createNumericThread(script: URL | string): Numeric {
  const thread = startThread(script, 'numeric')
  return {
    open: (...args) => thread.ask({ method: 'open', args }),
    check(leaseId, payloadHash, payload) {
      const whole = owned(payload)
      return thread.ask({ method: 'check', args: [leaseId, payloadHash, whole] }, [whole.buffer])
    },
    discard: (...args) => thread.tell({ method: 'discard', args }),
    accumulate: (...args) => thread.tell({ method: 'accumulate', args }),
    apply: (...args) => thread.ask({ method: 'apply', args }),
    checkpoint: () => thread.ask({ method: 'checkpoint', args: [] }),
    close: () => thread.close(),
  }
}

export function createEvaluatorThread(script: URL | string): Evaluator {
  const thread = startThread(script, 'evaluator')
  return {
    open: (...args) => thread.ask({ method: 'openEvaluator', args }),
    evaluate: (...args) => thread.ask({ method: 'evaluate', args }),
    close: () => thread.close(),
  }
}

/** Only a whole buffer can be handed over; a view into a larger one (Node pools small Buffers) is copied. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
  return whole ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}
