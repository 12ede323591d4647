// Turns a computed gradient into what travels: a header with its tensor table, and the payload it announces.
import { createRng } from '../base/rng.ts'
import type { CodecChoice } from '../codec/codec.ts'
import { encodeOwing } from '../codec/error-feedback.ts'
import { resolveCodec } from '../codec/index.ts'
import { sha256 } from '../data/shards.ts'
import type { Correction } from '../fed/corrections/correction.ts'
import type { Layout } from '../model/layout.ts'
import { PROTOCOL_VERSION, type Lease, type Metrics, type UpdateHeader } from '../wire/messages.ts'
import { tensorWeight, updateTensors } from '../wire/tensors.ts'
import type { LeaseMemory } from './lease-memory.ts'

export interface TrainOutcome {
  readonly kind: 'train'
  /** Packed mean gradient over the lease's examples, or where they were trained on, the granted model minus the trained one. */
  readonly gradient: Float32Array
  readonly layout: Layout
  readonly codec: CodecChoice
  /** What corrections send beside it, one array behind the other. */
  readonly up?: { readonly corrections: readonly Correction[]; readonly values: Float32Array } | undefined
  /** What its volunteer will remember, if it counts. */
  readonly memory?: LeaseMemory | undefined
  readonly metrics: Metrics
  readonly computeMs: number
}

export interface Update {
  readonly header: UpdateHeader
  readonly payload: Uint8Array
}

export async function createUpdate(lease: Lease, outcome: TrainOutcome, downloadedBytes = 0): Promise<Update> {
  const { layout, codec: choice, up, memory, metrics, computeMs } = outcome
  const { codec } = resolveCodec(choice)
  const values = valuesOf(outcome), rng = createRng(`${lease.leaseId}/${lease.grant}`)
  const { payload, owed } = memory?.owed === undefined ? { payload: codec.encode(values, rng), owed: undefined } : encodeOwing(codec, { values, owed: memory.owed, rng })
  const payloadHash = await sha256(payload)
  memory?.propose(payloadHash, owed)
  const header: UpdateHeader = {
    type: 'update',
    protocolVersion: PROTOCOL_VERSION,
    runId: lease.runId,
    leaseId: lease.leaseId,
    incarnation: lease.incarnation,
    grant: lease.grant,
    modelVersion: lease.modelVersion,
    codec: codec.name,
    payloadBytes: payload.byteLength,
    payloadHash,
    numExamples: lease.numExamples,
    metrics,
    computeMs,
    downloadedBytes,
    tensors: updateTensors(layout, up?.corrections ?? []).map((tensor) => ({ ...tensor, weight: tensorWeight(tensor, lease.numExamples) })),
  }
  return { header, payload }
}

/** All that travels, in the order of the header's table. */
function valuesOf({ gradient, up }: TrainOutcome): Float32Array {
  if (up === undefined || up.values.length === 0) return gradient
  const values = new Float32Array(gradient.length + up.values.length)
  values.set(gradient)
  values.set(up.values, gradient.length)
  return values
}
