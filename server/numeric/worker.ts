// The entry of every numeric thread: answers calls of threads.ts in the order they come. The same program is a run's summing
// thread, one of its checkers, or its evaluator.
import { constants, getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { present } from '../../src/base/errors.ts'
import type { Call, Reply } from './calls.ts'
import { Checker } from './checker.ts'
import { createInlineEvaluator } from './inline.ts'
import { Summing } from './summing.ts'

/** Where cores are few, the event loop comes first, which everybody waits for. */
const NICER = 5

// Elsewhere than on Linux a priority is the whole process's.
if (process.platform === 'linux') setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + NICER))

/** After so long, what is answered does not wait for what comes behind it. */
const TOGETHER_MS = 1

const port = present(parentPort, 'parent thread')
const summing = new Summing()
const evaluator = createInlineEvaluator()
let checker: Checker | undefined

// A chain, so that a call that waits (evaluation) is not overtaken by the next one.
let last: Promise<unknown> = Promise.resolve()
port.on('message', (calls: readonly Call[]) => {
  postedMs = performance.now()
  for (const call of calls) {
    // What is added answers when it is settled, which the next calls may bring about.
    if (call.method === 'accumulate') void last.then(() => answer(call))
    else last = last.then(() => answer(call))
  }
})

async function answer(call: Call): Promise<void> {
  try {
    const { value, transfer = [] } = await perform(call)
    reply({ id: call.id, value }, transfer)
  } catch (error) {
    reply({ id: call.id, error })
  }
}

let replies: Reply[] = [], transfers: ArrayBuffer[] = []
let postedMs = 0

/** Answers to small calls are posted together. */
function reply(made: Reply, transfer: readonly ArrayBuffer[] = []): void {
  if (replies.length === 0) setImmediate(post)
  replies.push(made)
  transfers.push(...transfer)
  if (performance.now() - postedMs > TOGETHER_MS) post()
}

function post(): void {
  if (replies.length === 0) return
  port.postMessage(replies, transfers)
  replies = []
  transfers = []
  postedMs = performance.now()
}

async function perform(call: Call): Promise<{ value: unknown; transfer?: ArrayBuffer[] }> {
  switch (call.method) {
    case 'open': return withBytes(summing.open(...call.args))
    case 'accumulate': return { value: await summing.accumulate(...call.args) }
    case 'apply': return withBytes(summing.apply(...call.args))
    case 'checkpoint': return withBytes(summing.checkpoint())
    case 'openChecker':
      checker = new Checker(...call.args)
      return { value: undefined }
    case 'check': return { value: present(checker, 'open checker').check(...call.args) }
    case 'openEvaluator': return { value: await evaluator.open(...call.args) }
    case 'evaluate': return { value: await evaluator.evaluate(...call.args) }
  }
}

const withBytes = <T extends { readonly bytes: Uint8Array }>(value: T): { value: T; transfer: ArrayBuffer[] } => ({ value, transfer: [value.bytes.buffer as ArrayBuffer] })
