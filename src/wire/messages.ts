// Every message between a volunteer and the coordinator, once: schema, type and validator.
// Updates go up over the socket in chunks; shards and snapshots come down as GET /runs/<runId>/files/<sha256>.
import * as v from 'valibot'
import { WireError } from '../base/errors.ts'

/** Raised whenever a page built before the change could misunderstand a message. */
export const PROTOCOL_VERSION = 2

/** Bytes of one chunk of an update, and how many may be unacknowledged. */
export const CHUNK_BYTES = 256 * 1024
export const CHUNK_WINDOW = 4

const id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/))
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const finite = v.pipe(v.number(), v.finite())
const nonNegative = v.pipe(v.number(), v.finite(), v.minValue(0))
const text = v.pipe(v.string(), v.maxLength(300))

/** Names a grant of a lease. A restart raises `incarnation`, granting a lease again raises `grant`: older ones are refused. */
const fence = { runId: id, leaseId: id, incarnation: natural, grant: natural }
export const FenceSchema = v.strictObject(fence)

// ---- volunteer -> coordinator -------------------------------------------------------------------

export const HelloSchema = v.strictObject({
  type: v.literal('hello'),
  protocolVersion: natural,
  /** Chosen by the tab, kept while it lives; a duplicated tab chooses another. */
  volunteerId: id,
  /** Which run to join; the coordinator's default run where absent. */
  runId: v.optional(id),
  adapter: v.strictObject({ runner: v.picklist(['gpu', 'wasm', 'cpu']), name: text, software: v.boolean() }),
  /** The lease it still holds after a reconnection. */
  holding: v.optional(FenceSchema),
})

/** "I am idle: send me work." */
export const ReadySchema = v.strictObject({ type: v.literal('ready'), runId: id })

/** "Still working on it": extends the lease. */
export const RenewSchema = v.strictObject({ type: v.literal('renew'), ...fence })

/** "I give it back": paused, stopped, device lost; or, `nonFinite`, because its loss was not finite. */
export const ReleaseSchema = v.strictObject({ type: v.literal('release'), ...fence, reason: text, nonFinite: v.optional(v.literal(true)) })

export const MetricsSchema = v.strictObject({ lossSum: finite, correct: natural, examples: natural })

/** The answer to an evaluation lease. */
export const EvaluationSchema = v.strictObject({ type: v.literal('evaluation'), ...fence, modelVersion: natural, metrics: MetricsSchema, computeMs: nonNegative })

export const UpdateTensorSchema = v.strictObject({
  name: text,
  /** `correction`: an array that a correction sends up, behind the model's. */
  role: v.picklist(['param', 'buffer', 'frozen', 'correction']),
  /** Number of elements. */
  size: natural,
  /** Weight of this tensor in the average: the update's examples, 1 for what a correction sends. */
  weight: nonNegative,
})

/** Announces an update; its packed tensors follow as chunks, in the order of the table. */
export const UpdateHeaderSchema = v.strictObject({
  type: v.literal('update'),
  protocolVersion: natural,
  ...fence,
  modelVersion: natural,
  codec: v.pipe(v.string(), v.maxLength(32)),
  payloadBytes: natural,
  payloadHash: hash,
  /** Examples that the gradient is the mean of. */
  numExamples: natural,
  metrics: MetricsSchema,
  /** Time from having model and data to having the gradient. */
  computeMs: nonNegative,
  /** Of model and data that it had to fetch for this lease. */
  downloadedBytes: v.optional(natural),
  tensors: v.pipe(v.array(UpdateTensorSchema), v.maxLength(4096)),
})

/** One piece of an announced update. `bytes` arrives as Uint8Array, ArrayBuffer or Buffer. */
export const ChunkSchema = v.strictObject({ type: v.literal('chunk'), leaseId: id, index: natural, bytes: v.instance(Uint8Array) })

export const FromVolunteerSchema = v.variant('type', [ReadySchema, RenewSchema, ReleaseSchema, EvaluationSchema])

// ---- coordinator -> volunteer -------------------------------------------------------------------

/** `count` examples of a shard, from `start` on in that epoch's order of the shard (see data/order.ts). */
export const SliceSchema = v.strictObject({ shard: natural, start: natural, count: natural })

export const LeaseSchema = v.strictObject({
  ...fence,
  kind: v.picklist(['train', 'evaluate']),
  modelVersion: natural,
  modelHash: hash,
  /** Where the examples come from. `partition` and `own` come later. */
  work: v.strictObject({ source: v.literal('examples'), split: v.picklist(['train', 'test']), epoch: natural, slices: v.array(SliceSchema) }),
  numExamples: natural,
  /** Payload hashes of the last accepted updates of this volunteer and, where the lease is a part of the data, of that part: what a volunteer remembers counts only if it is of those. */
  last: v.optional(v.strictObject({ volunteer: v.optional(hash), part: v.optional(hash) })),
  /** The lease expires this long after it was granted or last renewed. */
  durationMs: natural,
})

export const RunStateSchema = v.picklist(['waiting', 'running', 'paused', 'stopped', 'finished'])

/** Why something was refused; each has its sentence in the catalogue of the pages. */
export const RefusalCodeSchema = v.picklist([
  'protocol-version', 'unknown-run', 'malformed', 'unknown-lease', 'old-incarnation', 'old-grant', 'wrong-version',
  'too-large', 'wrong-size', 'wrong-tensors', 'wrong-codec', 'wrong-hash', 'non-finite', 'too-stale', 'duplicate', 'expired', 'not-running', 'implausible',
])

export const RefusedSchema = v.strictObject({ type: v.literal('refused'), code: RefusalCodeSchema, message: v.string() })

export const ToVolunteerSchema = v.variant('type', [
  v.strictObject({ type: v.literal('grant'), lease: LeaseSchema }),
  /** The lease is no longer wanted: stop computing it. */
  v.strictObject({ type: v.literal('revoke'), leaseId: id, grant: natural }),
  /** The fate of an update or evaluation. Accepted means durable. */
  v.strictObject({ type: v.literal('result'), leaseId: id, grant: natural, accepted: v.boolean(), code: v.optional(RefusalCodeSchema), message: v.optional(v.string()) }),
  v.strictObject({ type: v.literal('model'), version: natural, hash }),
  v.strictObject({ type: v.literal('run-state'), state: RunStateSchema }),
])

export type Hello = v.InferOutput<typeof HelloSchema>
export type Fence = v.InferOutput<typeof FenceSchema>
export type Metrics = v.InferOutput<typeof MetricsSchema>
export type FromVolunteer = v.InferOutput<typeof FromVolunteerSchema>
export type EvaluationResult = v.InferOutput<typeof EvaluationSchema>
export type UpdateTensor = v.InferOutput<typeof UpdateTensorSchema>
export type UpdateHeader = v.InferOutput<typeof UpdateHeaderSchema>
export type Chunk = v.InferOutput<typeof ChunkSchema>
export type Slice = v.InferOutput<typeof SliceSchema>
export type Lease = v.InferOutput<typeof LeaseSchema>
export type RunState = v.InferOutput<typeof RunStateSchema>
export type RefusalCode = v.InferOutput<typeof RefusalCodeSchema>
export type Refused = v.InferOutput<typeof RefusedSchema>
export type ToVolunteer = v.InferOutput<typeof ToVolunteerSchema>

/** `value` as the schema's type, or a WireError that quotes the offending key. */
export function parseMessage<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const issue = result.issues[0]
  throw new WireError(`${v.getDotPath(issue) ?? 'message'}: ${issue.message}`)
}
