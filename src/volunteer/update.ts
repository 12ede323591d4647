// Turns a computed gradient into what travels: a header with its tensor table, and the payload it announces.
import { createRng } from '../base/rng.ts'
import type { CodecChoice } from '../codec/codec.ts'
import type { ErrorFeedback } from '../codec/error-feedback.ts'
import { resolveCodec } from '../codec/index.ts'
import { sha256 } from '../data/shards.ts'
import type { Layout } from '../model/layout.ts'
import { PROTOCOL_VERSION, type Lease, type Metrics, type UpdateHeader } from '../wire/messages.ts'

export interface TrainOutcome {
  readonly kind: 'train'
  /** Packed mean gradient over the lease's examples, or where they were trained on, the granted model minus the trained one. */
  readonly gradient: Float32Array
  readonly layout: Layout
  readonly codec: CodecChoice
  /** What earlier updates lost to a lossy codec, where the run wants it made good. It must hear what became of this one. */
  readonly feedback?: ErrorFeedback | undefined
  readonly metrics: Metrics
  readonly computeMs: number
}

export interface Update {
  readonly header: UpdateHeader
  readonly payload: Uint8Array
}

export async function createUpdate(lease: Lease, { gradient, layout, codec: choice, feedback, metrics, computeMs }: TrainOutcome): Promise<Update> {
  const { codec } = resolveCodec(choice)
  const payload = (feedback ?? codec).encode(gradient, createRng(`${lease.leaseId}/${lease.grant}`))
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
    payloadHash: await sha256(payload),
    numExamples: lease.numExamples,
    metrics,
    computeMs,
    tensors: layout.entries.map(({ name, role, size }) => ({ name, role, size, weight: lease.numExamples })),
  }
  return { header, payload }
}
