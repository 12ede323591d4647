// Where each named tensor of a model lies: in the padded arena that kernels use (every tensor at a 256-byte boundary),
// and in the packed form that travels and is stored (no gaps, same order).
import { product, roundUp, type FloatArray } from '../base/math.ts'
import { VIEW_ALIGNMENT_BYTES } from '../graph/plan.ts'

/** `param` is trained, `buffer` is updated by the forward pass (batch-norm statistics), `frozen` never changes. */
export type TensorRole = 'param' | 'buffer' | 'frozen'

export interface TensorEntry {
  /** `<node>/<tensor>`, e.g. `dense1/weight`. */
  readonly name: string
  readonly shape: readonly number[]
  readonly role: TensorRole
  /** Number of elements. */
  readonly size: number
  /** Element offset in the padded arena. */
  readonly arenaOffset: number
  /** Element offset in the packed form. */
  readonly packedOffset: number
}

export interface Layout {
  /** Trained tensors first, then buffers, then frozen ones: an optimizer passes over the trained ones in one go and never sees the rest. */
  readonly entries: readonly TensorEntry[]
  /** Elements of the arena and of the packed form. */
  readonly arenaSize: number
  readonly packedSize: number
  /** Elements of the arena and of the packed form that role `param` takes, from the start on. Gradients and optimizer state are as long. */
  readonly trainedSize: number
  readonly packedTrainedSize: number
}

const ROLES: readonly TensorRole[] = ['param', 'buffer', 'frozen']

const ALIGNMENT_ELEMENTS = VIEW_ALIGNMENT_BYTES / 4

export function createLayout(tensors: readonly { readonly name: string; readonly shape: readonly number[]; readonly role: TensorRole }[]): Layout {
  let arenaOffset = 0
  let packedOffset = 0
  const entries = ROLES.flatMap((role) => tensors.filter((tensor) => tensor.role === role)).map((tensor) => {
    const size = product(tensor.shape)
    const entry: TensorEntry = { ...tensor, size, arenaOffset, packedOffset }
    arenaOffset += roundUp(size, ALIGNMENT_ELEMENTS)
    packedOffset += size
    return entry
  })
  const first = entries.find(({ role }) => role !== 'param')
  return {
    entries, arenaSize: arenaOffset, packedSize: packedOffset,
    trainedSize: first?.arenaOffset ?? arenaOffset, packedTrainedSize: first?.packedOffset ?? packedOffset,
  }
}

/** The same tensors with other places in the arena: within a role by `rank`, then as before. The packed form stays. */
export function rearrange(layout: Layout, rank: (entry: TensorEntry) => number): Layout {
  const order = ROLES.flatMap((role) => layout.entries.filter((entry) => entry.role === role).sort((a, b) => rank(a) - rank(b)))
  const offsets = new Map<string, number>()
  let arenaOffset = 0
  for (const { name, size } of order) {
    offsets.set(name, arenaOffset)
    arenaOffset += roundUp(size, ALIGNMENT_ELEMENTS)
  }
  return { ...layout, entries: layout.entries.map((entry) => ({ ...entry, arenaOffset: offsets.get(entry.name)! })) }
}

/** Copies an arena into packed form; one of gradients, which ends where trained tensors do, with zeros for the rest. */
export function pack(layout: Layout, arena: FloatArray): Float32Array {
  const packed = new Float32Array(layout.packedSize)
  for (const { arenaOffset, packedOffset, size } of layout.entries) packed.set(arena.subarray(arenaOffset, arenaOffset + size), packedOffset)
  return packed
}

/** Copies packed tensors into a zero-padded arena. */
export function unpack(layout: Layout, packed: FloatArray): Float32Array {
  const arena = new Float32Array(layout.arenaSize)
  for (const { arenaOffset, packedOffset, size } of layout.entries) arena.set(packed.subarray(packedOffset, packedOffset + size), arenaOffset)
  return arena
}
