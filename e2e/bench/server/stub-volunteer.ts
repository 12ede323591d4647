// A volunteer that computes nothing: it answers every grant with the same update, as fast as it can.
import { createHash } from 'node:crypto'
import { layoutOf } from '../../../src/model/initial-params.ts'
import { tensorWeight, updateTensors } from '../../../src/wire/tensors.ts'
import { PROTOCOL_VERSION, type Hello, type Lease, type UpdateHeader } from '../../../src/wire/messages.ts'
import type { Welcome } from '../../../src/wire/welcome.ts'

export const helloOf = (volunteerId: string): Hello => ({ type: 'hello', protocolVersion: PROTOCOL_VERSION, volunteerId, adapter: { runner: 'cpu', name: 'stub', software: true } })

export interface StubUpdate {
  readonly payload: Uint8Array
  header(lease: Lease): UpdateHeader
}

export function stubUpdate({ model }: Pick<Welcome, 'model'>): StubUpdate {
  const layout = layoutOf(model)
  const values = new Float32Array(layout.packedSize)
  for (let i = 0; i < values.length; i++) values[i] = ((i % 17) - 8) / 1000
  const payload = new Uint8Array(values.buffer)
  const payloadHash = createHash('sha256').update(payload).digest('hex')
  const tensors = updateTensors(layout, [])
  return {
    payload,
    header: ({ runId, leaseId, incarnation, grant, modelVersion, numExamples }) => ({
      type: 'update', protocolVersion: PROTOCOL_VERSION, runId, leaseId, incarnation, grant, modelVersion, codec: 'f32', payloadBytes: payload.length, payloadHash, numExamples,
      metrics: { lossSum: numExamples, correct: 0, examples: numExamples }, computeMs: 1, tensors: tensors.map((tensor) => ({ ...tensor, weight: tensorWeight(tensor, numExamples) })),
    }),
  }
}
