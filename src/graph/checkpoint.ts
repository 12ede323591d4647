// Activation checkpointing (Chen et al. 2016, arXiv 1604.06174): where a Plan would need too much memory, tensors that lie
// unread over its fullest moment are let go and computed again for their next reader. Greedy: the most bytes for the fewest
// operations first, until what is live at once fits. Calls are pure, so what is computed again is the same to the last bit.
import { readsOf, writesOf, type Call } from './call.ts'
import { reshape } from './ops/reshape.ts'
import { bytesOf } from './place.ts'
import { storage, type Tensor } from './tensor.ts'

export interface CheckpointRequest {
  /** A storage that is computed on the way, which the memory plan may place as it likes. */
  readonly isScratch: (root: Tensor) => boolean
  /** Storages that hold f16. Those that are computed again are added where they take the place of one. */
  readonly halves: Set<Tensor>
  /** What may be live at once. */
  readonly targetBytes: number
}

/** Turns that may pass without a new low: several moments can be equally full, and recomputed tensors can go again. */
const MOST_IDLE_TURNS = 12

/** The calls with some of them done twice: those with the lowest peak found. */
export function checkpoint(calls: readonly Call[], { isScratch, halves, targetBytes }: CheckpointRequest): readonly Call[] {
  let current = calls
  let lowest = { calls, bytes: Infinity }
  for (let idle = 0; idle < MOST_IDLE_TURNS; idle++) {
    const uses = usesOf(current, isScratch)
    const peak = fullest(uses, current.length, halves)
    if (peak.bytes < lowest.bytes) {
      lowest = { calls: current, bytes: peak.bytes }
      idle = 0
    }
    if (peak.bytes <= targetBytes) break
    const best = candidates(current, uses, { peak: peak.at, halves }).sort((a, b) => b.score - a.score)[0]
    if (best === undefined) break
    current = recompute(current, best, halves)
  }
  return lowest.calls
}

/** Numbers of the calls that make and read a storage, in order. */
type Uses = ReadonlyMap<Tensor, readonly number[]>

function usesOf(calls: readonly Call[], isScratch: (root: Tensor) => boolean): Uses {
  const uses = new Map<Tensor, number[]>()
  calls.forEach((call, at) => {
    for (const root of new Set([...writesOf(call), ...readsOf(call)].map(storage))) {
      if (!isScratch(root)) continue
      const known = uses.get(root)
      if (known === undefined) uses.set(root, [at])
      else known.push(at)
    }
  })
  return uses
}

/** The call at which most bytes are live. */
function fullest(uses: Uses, count: number, halves: ReadonlySet<Tensor>): { readonly at: number; readonly bytes: number } {
  const change = new Float64Array(count + 1)
  for (const [root, at] of uses) {
    change[at[0]!]! += bytesOf(root, halves)
    change[at.at(-1)! + 1]! -= bytesOf(root, halves)
  }
  let live = 0, best = { at: 0, bytes: 0 }
  for (let at = 0; at < count; at++) {
    live += change[at]!
    if (live > best.bytes) best = { at, bytes: live }
  }
  return best
}

interface Candidate {
  readonly root: Tensor
  /** The calls that make it out of what is there anyway, in order; the last one makes it. */
  readonly makers: readonly Call[]
  /** The next call that reads it after the fullest moment. */
  readonly next: number
  /** Bytes saved at that moment for each operation spent. */
  readonly score: number
}

function candidates(calls: readonly Call[], uses: Uses, { peak, halves }: { readonly peak: number; readonly halves: ReadonlySet<Tensor> }): Candidate[] {
  return [...uses].flatMap(([root, at]): Candidate[] => {
    const next = at.find((use) => use > peak)
    if (next === undefined || at[0]! >= peak || at.includes(peak)) return []
    const makers = makersOf(root, next, { calls, uses })
    if (makers === undefined) return []
    const operations = makers.reduce((sum, { kernel, dims }) => sum + kernel.flops(dims), 1)
    return [{ root, makers, next, score: bytesOf(root, halves) / operations }]
  })
}

/** Calls that one tensor may cost. */
const MOST_MAKERS = 12

/** What it takes to make a tensor in front of call `next` out of what is live there; undefined where that is too much, or impossible. */
function makersOf(root: Tensor, next: number, { calls, uses }: { readonly calls: readonly Call[]; readonly uses: Uses }): readonly Call[] | undefined {
  const numbers = new Set<number>()
  const open = [root]
  for (let wanted = open.pop(); wanted !== undefined; wanted = open.pop()) {
    const at = uses.get(wanted)![0]!
    if (numbers.has(at)) continue
    numbers.add(at)
    if (numbers.size > MOST_MAKERS || !isPure(calls[at]!, uses)) return undefined
    for (const read of readsOf(calls[at]!).map(storage)) {
      const there = uses.get(read)
      if (there !== undefined && (there.at(-1)! < next || read === root)) open.push(read)
    }
  }
  return [...numbers].sort((a, b) => a - b).map((at) => calls[at]!)
}

/** It writes scratch memory alone, and nothing in place. */
const isPure = (call: Call, uses: Uses): boolean =>
  Object.entries(call.buffers).every(([name, tensor]) => call.kernel.buffers[name]!.access === 'read' || (call.kernel.buffers[name]!.access === 'write' && uses.has(storage(tensor))))

/** Does the makers again in front of `next`, and lets that call and all later ones read the new tensor. */
function recompute(calls: readonly Call[], { root, makers, next }: Candidate, halves: Set<Tensor>): readonly Call[] {
  const copies = new Map(makers.flatMap(writesOf).map((written) => [storage(written), twin(storage(written))]))
  for (const [original, copy] of copies) if (halves.has(original)) halves.add(copy)
  const renewed = (tensor: Tensor): Tensor => (copies.has(storage(tensor)) ? reshape(copies.get(storage(tensor))!, tensor.shape) : tensor)
  const later = calls.slice(next).map((call) => withBuffers(call, (tensor) => (storage(tensor) === root ? renewed(tensor) : tensor)))
  return [...calls.slice(0, next), ...makers.map((call) => withBuffers(call, renewed)), ...later]
}

const withBuffers = (call: Call, change: (tensor: Tensor) => Tensor): Call =>
  ({ ...call, buffers: Object.fromEntries(Object.entries(call.buffers).map(([name, tensor]) => [name, change(tensor)])) })

/** Another tensor of the same type from the same node. */
const twin = (tensor: Tensor): Tensor => ({ ...tensor })
