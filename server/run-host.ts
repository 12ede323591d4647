// One run as the transport sees it: who joins, what they send, which files are served. The implementation
// (coordinator/host.ts) feeds the pure state machine and carries out its effects.
import type { DatasetManifest } from '../src/data/dataset.ts'
import type { Layout } from '../src/model/layout.ts'
import type { ModelSpec } from '../src/model/spec.ts'
import type { CurvePoint, DashboardEvent, PartitionPicture, RunStatus } from '../src/wire/dashboard.ts'
import type { FromVolunteer, Hello, Refused, ToVolunteer, UpdateHeader } from '../src/wire/messages.ts'
import type { RunConfig } from '../src/wire/run-config.ts'
import type { Welcome } from '../src/wire/welcome.ts'

/** A payload on its way. */
export interface Reception {
  readonly memory: Uint8Array
  /** False once the lease has ended: the memory belongs to somebody else. */
  readonly isOpen: boolean
}

export interface RunHost {
  readonly runId: string
  readonly config: RunConfig
  readonly model: ModelSpec
  readonly dataset: DatasetManifest
  /** Undefined where the data are not divided. */
  readonly partition: PartitionPicture | undefined
  /** Admits a volunteer (its protocolVersion is already checked). A second join of the same id replaces the first connection. */
  join(hello: Hello, send: (message: ToVolunteer) => void): Welcome | Refused
  /** Its connection is gone. Its lease lives on until it expires, so a reconnection can keep it. */
  leave(volunteerId: string): void
  receive(volunteerId: string, message: FromVolunteer): void
  /** Checks an announced update before its bytes travel. Undefined: send them. */
  announce(volunteerId: string, header: UpdateHeader): Refused | undefined
  /** Memory for the payload of an update that was announced: its bytes may travel now. Waits while the run's budget is used up; undefined where the lease ended meanwhile. */
  receivePayload(header: UpdateHeader): Promise<Reception | undefined>
  /** The whole payload is here: in the memory of its reception, or in any other. The verdict goes out as a `result` message once it is durable. */
  submit(volunteerId: string, header: UpdateHeader, payload: Uint8Array): void
  /** A message that failed its schema: counted. */
  malformed(volunteerId: string | undefined, why: string): void
  /** Largest payload it will take, in bytes. */
  readonly maxPayloadBytes: number
  /** Bytes of a snapshot or shard, by SHA-256. */
  file(hash: string): Promise<Uint8Array | undefined>
  /** Bytes that left over HTTP, for the accounts. */
  countBytesDown(bytes: number): void
  status(): RunStatus
  curve(): readonly CurvePoint[]
  subscribe(listener: (event: DashboardEvent) => void): () => void
  control(action: 'pause' | 'resume' | 'stop'): Promise<void>
  /** Params of the current version, packed. */
  currentModel(): Promise<{ readonly version: number; readonly layout: Layout; readonly params: Float32Array }>
  /** Finishes writing, then stops. The run can be opened again. */
  close(): Promise<void>
}
