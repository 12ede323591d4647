import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createLayout } from '../model/layout.ts'
import { parseMessage, UpdateHeaderSchema, type Lease } from '../wire/messages.ts'
import { createUpdate } from './update.ts'

test('an update announces exactly the payload it brings', async () => {
  const layout = createLayout([{ name: 'a/weight', shape: [2, 3], role: 'param' }, { name: 'a/bias', shape: [3], role: 'param' }])
  const gradient = Float32Array.from({ length: layout.packedSize }, (_, i) => i / 8)
  const lease = { runId: 'run', leaseId: 'l1', incarnation: 1, grant: 2, modelVersion: 7, numExamples: 64 } as Lease
  const { header, payload } = await createUpdate(lease, { kind: 'train', gradient, layout, codec: 'f32', metrics: { lossSum: 1, correct: 2, examples: 64 }, computeMs: 3 })
  expect(parseMessage(UpdateHeaderSchema, header)).toEqual(header)
  expect(header.payloadBytes).toBe(payload.byteLength)
  expect(header.payloadHash).toBe(createHash('sha256').update(payload).digest('hex'))
  expect(header.tensors.reduce((sum, { size }) => sum + size, 0) * 4).toBe(payload.byteLength)
})
