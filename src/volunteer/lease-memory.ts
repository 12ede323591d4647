// What a lease takes from a volunteer's memory, and what it will leave there if its update counts.
import { resolveCodec } from '../codec/index.ts'
import type { Memory } from '../fed/aggregators/aggregator.ts'
import type { Correction } from '../fed/corrections/correction.ts'
import { resolveCorrection } from '../fed/corrections/index.ts'
import { upOf } from '../fed/corrections/travelling.ts'
import type { Strategy } from '../fed/strategy.ts'
import type { Lease } from '../wire/messages.ts'
import type { Remembered, VolunteerMemory } from './memory.ts'

/** What a run wants to be remembered. */
export interface MemoryNeeds {
  /** Elements of the packed params, and of an update as it travels. */
  readonly size: number
  readonly updateSize: number
  readonly errorFeedback: boolean
  readonly keepsOptimizer: boolean
  readonly corrections: readonly Correction[]
}

export function memoryNeeds({ codec, local, corrections = [] }: Pick<Strategy, 'codec' | 'local' | 'corrections'>, size: number): MemoryNeeds {
  const resolved = corrections.map(resolveCorrection)
  return {
    size, updateSize: size * (1 + upOf(resolved).length), corrections: resolved,
    errorFeedback: resolveCodec(codec).errorFeedback, keepsOptimizer: local.type !== 'gradient' && local.keepOptimizerState === true,
  }
}

export interface KeptOptimizer {
  readonly steps: number
  /** By allocation. */
  readonly slots: Readonly<Record<string, Float32Array>>
}

export interface Recalled {
  /** What a lossy codec lost of earlier updates, where that is made good. */
  readonly owed: Float32Array | undefined
  readonly optimizer: KeptOptimizer | undefined
  /** Slots of each correction, of the lease's part of the data. */
  readonly own: Readonly<Record<string, Memory>>
}

/** An update's place in the memory. */
export interface LeaseMemory {
  readonly owed: Float32Array | undefined
  /** The update has been made, with this payload, and would leave so much owed. */
  propose(payloadHash: string, owed: Float32Array | undefined): void
  /** It counts. */
  accepted(payloadHash: string): void
}

const VOLUNTEER = 'volunteer', OWED = 'owed', OPTIMIZER = 'optimizer/'

/** A lease is a whole part of the data where it matters, so its shards name it. */
const partOf = ({ work }: Lease): string => `part-${work.slices.map(({ shard }) => shard).sort((a, b) => a - b).join('-')}`

const isStateful = ({ volunteerSlots }: Correction): boolean => volunteerSlots.length > 0

/** `gradientOfPart` computes the mean gradient of the lease's examples at the granted model, where a part is taken over. */
export async function recallFor(lease: Lease, needs: MemoryNeeds, memory: VolunteerMemory, gradientOfPart: () => Promise<Float32Array>): Promise<Recalled> {
  const { errorFeedback, keepsOptimizer, corrections, size, updateSize } = needs
  const stateful = corrections.some(isStateful)
  const volunteer = errorFeedback || keepsOptimizer ? await memory.recall(VOLUNTEER, lease.last?.volunteer) : undefined
  const part = stateful ? await memory.recall(partOf(lease), lease.last?.part) : undefined
  const gradient = stateful && part === undefined && lease.last?.part !== undefined ? await gradientOfPart() : undefined
  const own = (correction: Correction): Memory => {
    if (part !== undefined) return Object.fromEntries(correction.volunteerSlots.map((slot) => [slot, part.arrays[`${correction.name}/${slot}`]!]))
    if (gradient !== undefined) return correction.takeOver(gradient)
    return Object.fromEntries(correction.volunteerSlots.map((slot) => [slot, new Float32Array(size)]))
  }
  return {
    owed: errorFeedback ? volunteer?.arrays[OWED] ?? new Float32Array(updateSize) : undefined,
    optimizer: keepsOptimizer && volunteer !== undefined ? keptOptimizer(volunteer) : undefined,
    own: Object.fromEntries(corrections.map((correction) => [correction.name, own(correction)])),
  }
}

function keptOptimizer({ steps, arrays }: Remembered): KeptOptimizer {
  const slots = Object.entries(arrays).flatMap(([name, values]) => (name.startsWith(OPTIMIZER) ? [[name.slice(OPTIMIZER.length), values] as const] : []))
  return { steps, slots: Object.fromEntries(slots) }
}

/** After the lease's work. */
export function memoryOf(lease: Lease, needs: MemoryNeeds, memory: VolunteerMemory, after: Recalled): LeaseMemory | undefined {
  const { errorFeedback, keepsOptimizer, corrections } = needs
  const stateful = corrections.filter(isStateful)
  if (!errorFeedback && !keepsOptimizer && stateful.length === 0) return undefined
  return {
    owed: after.owed,
    propose(update, owed) {
      const optimizer = Object.entries(after.optimizer?.slots ?? {}).map(([name, values]) => [`${OPTIMIZER}${name}`, values] as const)
      if (errorFeedback || keepsOptimizer) memory.propose(VOLUNTEER, { update, steps: after.optimizer?.steps ?? 0, arrays: { ...(owed === undefined ? {} : { [OWED]: owed }), ...Object.fromEntries(optimizer) } })
      const slots = stateful.flatMap(({ name, volunteerSlots }) => volunteerSlots.map((slot) => [`${name}/${slot}`, after.own[name]![slot]!] as const))
      if (slots.length > 0) memory.propose(partOf(lease), { update, steps: 0, arrays: Object.fromEntries(slots) })
    },
    accepted: (update) => memory.accepted(update),
  }
}
