// Numeric work in worker threads, away from the event loop. A run has one that owns its sum and its model, and some that check
// payloads, each one at a time: hashing is most of the work and cannot be split, while one thread adds as fast as several
// hash. They share memory, in which payloads arrive and stay (shared-memory.ts). Evaluations have a thread of their own.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { InvariantError, present } from '../../src/base/errors.ts'
import { resolveAggregator } from '../../src/fed/aggregators/index.ts'
import type { Addend, Verdict } from '../coordinator/effects.ts'
import type { Answer, Call, Question, Reply } from './calls.ts'
import { payloadSizeOf } from './corrections.ts'
import { compileNumericKernels, encodingOf } from './kernels.ts'
import type { Applied, Checkpoint, Evaluator, Numeric, NumericSetup, NumericStart, Snapshot } from './numeric.ts'
import { createSharedMemory, PayloadSlots, payloadBytesOf, planMemory } from './shared-memory.ts'

/** More hash no faster than one adds. */
const MOST_CHECKERS = 4

interface Thread {
  ask<Q extends Question>(question: Q): Promise<Answer<Q['method']>>
  close(): Promise<void>
}

/** `script` is the built worker.ts. */
function startThread(script: URL | string, name: string): Thread {
  const worker = new Worker(script, { name })
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>()
  let next = 0, closing = false
  /** Of this turn of the event loop, to be posted together: a message costs as much as the check of a small update. */
  let asked: Call[] = []
  const post = (): void => {
    worker.postMessage(asked)
    asked = []
  }
  worker.on('message', (replies: readonly Reply[]) => {
    for (const reply of replies) {
      const caller = waiting.get(reply.id)
      waiting.delete(reply.id)
      if ('error' in reply) caller?.reject(reply.error)
      else caller?.resolve(reply.value as never)
    }
  })
  worker.on('exit', (code) => {
    if (!closing) throw new InvariantError(`${name} thread: must live as long as its run, got exit code ${code}.`)
  })
  return {
    ask: (question) => new Promise((resolve, reject) => {
      const id = next++
      waiting.set(id, { resolve, reject })
      if (asked.length === 0) setImmediate(post)
      asked.push({ ...question, id } as Call)
    }),
    async close() {
      closing = true
      await worker.terminate()
    },
  }
}

export interface NumericThreadsOptions {
  /** Bytes of payloads that are here at once. */
  readonly payloadBudget?: number
}

export const createNumericThreads = (script: URL | string, options: NumericThreadsOptions = {}): Numeric => new NumericThreads(script, options)

interface CheckerThread {
  readonly thread: Thread
  /** Bytes it has been given and not answered for. */
  waiting: number
}

interface Held {
  readonly payload: Uint8Array
  squaredNorm: number | undefined
}

class NumericThreads implements Numeric {
  readonly #summing: Thread
  readonly #checkers: readonly CheckerThread[]
  #slots: PayloadSlots | undefined
  /** Payloads between check and sum, by lease. */
  readonly #held = new Map<string, Held>()
  readonly #options: NumericThreadsOptions

  constructor(script: URL | string, options: NumericThreadsOptions) {
    this.#options = options
    this.#summing = startThread(script, 'summing')
    this.#checkers = Array.from({ length: Math.min(MOST_CHECKERS, availableParallelism()) }, (_, i) => ({ thread: startThread(script, `checker ${i}`), waiting: 0 }))
  }

  async open(setup: NumericSetup, start: NumericStart): Promise<Snapshot> {
    const { payloadBudget } = this.#options
    const summed = encodingOf(setup.codec) !== undefined && resolveAggregator(setup.aggregator).streams
    const layout = planMemory({ size: setup.size, payloadBytes: payloadBytesOf(setup.codec, payloadSizeOf(setup)), held: setup.held, summed, ...(payloadBudget === undefined ? {} : { budget: payloadBudget }) })
    const shared = createSharedMemory(await compileNumericKernels(), layout)
    this.#slots = new PayloadSlots(shared)
    this.#held.clear()
    await Promise.all(this.#checkers.map(({ thread }, index) => thread.ask({ method: 'openChecker', args: [setup, shared, index] })))
    return this.#summing.ask({ method: 'open', args: [setup, start, shared] })
  }

  get #openSlots(): PayloadSlots {
    return present(this.#slots, 'open payload slots')
  }

  reserve(payloadBytes: number): Promise<Uint8Array> {
    return this.#openSlots.take(payloadBytes)
  }

  release(memory: Uint8Array): void {
    this.#openSlots.give(memory)
  }

  async check(leaseId: string, payloadHash: string, given: Uint8Array): Promise<Verdict> {
    const slots = this.#openSlots
    const payload = slots.has(given) ? given : await copyInto(slots, given)
    const held: Held = { payload, squaredNorm: undefined }
    this.#held.set(leaseId, held)
    const checker = this.#checkers.reduce((least, each) => (each.waiting < least.waiting ? each : least))
    checker.waiting += payload.length
    const { verdict, squaredNorm } = await checker.thread.ask({ method: 'check', args: [payloadHash, placeOf(payload)] })
    checker.waiting -= payload.length
    held.squaredNorm = squaredNorm
    return verdict
  }

  discard(leaseId: string): void {
    this.#openSlots.give(this.#take(leaseId).payload)
  }

  accumulate(leaseId: string, addend: Addend): void {
    const slots = this.#openSlots
    const { payload, squaredNorm } = this.#take(leaseId)
    // What fails here is a bug, and ends the process.
    void this.#summing.ask({ method: 'accumulate', args: [leaseId, addend, { ...placeOf(payload), squaredNorm }] }).then(() => slots.give(payload))
  }

  apply(version: number, scaleUnits: number): Promise<Applied> {
    return this.#summing.ask({ method: 'apply', args: [version, scaleUnits] })
  }

  checkpoint(): Promise<Checkpoint> {
    return this.#summing.ask({ method: 'checkpoint', args: [] })
  }

  async close(): Promise<void> {
    await Promise.all([this.#summing.close(), ...this.#checkers.map(({ thread }) => thread.close())])
  }

  #take(leaseId: string): Held {
    const held = present(this.#held.get(leaseId), `checked payload of lease ${leaseId}`)
    this.#held.delete(leaseId)
    return held
  }
}

const placeOf = ({ byteOffset, length }: Uint8Array): { readonly address: number; readonly bytes: number } => ({ address: byteOffset, bytes: length })

/** For payloads that come from elsewhere: a log that is replayed. */
async function copyInto(slots: PayloadSlots, payload: Uint8Array): Promise<Uint8Array> {
  const slot = await slots.take(payload.length)
  slot.set(payload)
  return slot
}

export function createEvaluatorThread(script: URL | string): Evaluator {
  const thread = startThread(script, 'evaluator')
  return {
    open: (...args) => thread.ask({ method: 'openEvaluator', args }),
    evaluate: (...args) => thread.ask({ method: 'evaluate', args }),
    close: () => thread.close(),
  }
}
