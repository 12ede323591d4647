// A run that only remembers what the transport did to it: the other side of the tests of http and sockets.
import * as v from 'valibot'
import { createLayout } from '../src/model/layout.ts'
import type { DashboardEvent, RunStatus } from '../src/wire/dashboard.ts'
import { PROTOCOL_VERSION, type Refused, type ToVolunteer, type UpdateHeader } from '../src/wire/messages.ts'
import { RunConfigSchema } from '../src/wire/run-config.ts'
import type { RunHost } from './run-host.ts'
import { sha256 } from './sha256.ts'

export interface StubRun extends RunHost {
  /** One line for each call, in order. */
  readonly calls: string[]
  readonly payloads: Uint8Array[]
  bytesDown: number
  refuseUpdate: Refused | undefined
  addFile(bytes: Uint8Array): string
  send(volunteerId: string, message: ToVolunteer): void
  emit(event: DashboardEvent): void
}

export function createStubRun(runId: string): StubRun {
  const layout = createLayout([{ name: 'dense/weight', shape: [2, 2], role: 'param' }])
  const files = new Map<string, Uint8Array>()
  const links = new Map<string, (message: ToVolunteer) => void>()
  const listeners = new Set<(event: DashboardEvent) => void>()
  const config = v.parse(RunConfigSchema, {
    name: runId, title: `Stub ${runId}`, dataset: { name: 'digits' }, model: 'mlp',
    strategy: { schedule: { type: 'synchronous', examplesPerRound: 64 }, serverOptimizer: { name: 'sgd', learningRate: 0.1 } },
  })
  const stub: StubRun = {
    runId,
    config,
    model: { name: 'mlp', inputs: { x: [784] }, nodes: [], output: 'x' },
    dataset: { name: 'digits', shape: [28, 28, 1], classes: 10, classNames: [], scale: 1, offset: 0, train: { examples: 0, shards: [] }, test: { examples: 0, shards: [] } },
    partition: undefined,
    calls: [],
    payloads: [],
    bytesDown: 0,
    refuseUpdate: undefined,
    maxPayloadBytes: 1_000_000,
    join(hello, send) {
      stub.calls.push(`join ${hello.volunteerId}`)
      links.set(hello.volunteerId, send)
      send({ type: 'run-state', state: 'running' })
      return { type: 'welcome', protocolVersion: PROTOCOL_VERSION, runId, incarnation: 1, config, model: stub.model, dataset: stub.dataset, state: 'running', modelVersion: 0, modelHash: '0'.repeat(64), keepLease: false }
    },
    leave: (id) => { stub.calls.push(`leave ${id}`) },
    receive: (id, message) => { stub.calls.push(`receive ${id} ${message.type}`) },
    announce(id, header: UpdateHeader) {
      stub.calls.push(`announce ${id} ${header.leaseId}`)
      return stub.refuseUpdate
    },
    receivePayload: async ({ payloadBytes }) => ({ memory: new Uint8Array(payloadBytes), isOpen: true }),
    submit(id, header, payload) {
      stub.calls.push(`submit ${id} ${header.leaseId}`)
      stub.payloads.push(payload)
    },
    malformed: (id, why) => { stub.calls.push(`malformed ${id ?? '?'} ${why}`) },
    file: async (hash) => files.get(hash),
    countBytesDown: (bytes) => { stub.bytesDown += bytes },
    status: () => stubStatus(runId),
    curve: () => [{ seconds: 1, examples: 64, modelVersion: 1, trainLoss: 2 }],
    subscribe(listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    control: async (action) => { stub.calls.push(`control ${action}`) },
    currentModel: async () => ({ version: 3, layout, params: Float32Array.of(1, 2, 3, 4) }),
    close: async () => { stub.calls.push('close') },
    addFile(bytes) {
      const hash = sha256(bytes)
      files.set(hash, bytes)
      return hash
    },
    send: (id, message) => links.get(id)?.(message),
    emit: (event) => { for (const listener of listeners) listener(event) },
  }
  return stub
}

export function stubStatus(runId: string): RunStatus {
  return {
    runId, title: `Stub ${runId}`, state: 'running', reason: { code: 'training' }, schedule: 'synchronous', partsOut: [], updateBytes: 16, modelName: 'mlp', params: 4, modelVersion: 3, modelHash: '0'.repeat(64),
    incarnation: 1, epoch: 0, examples: 0, examplesPerEpoch: 64, examplesPerSecond: 0, seconds: 0, staleness: [], bytesUp: 0, bytesDown: 0, accepted: 0,
    expired: 0, refused: {}, clampedElements: 0, rechecks: { done: 0, disagreed: 0 }, volunteers: [], connected: 0, unlisted: 0,
  }
}
