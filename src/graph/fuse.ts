// Epilogue fusion: a bias-activation call whose input nobody else reads becomes part of the call that makes that input.
// One call and one pass over memory fewer for every dense or convolution layer.
import { conv2d } from '../kernels/conv2d.ts'
import { dim, type Dims, type Kernel } from '../kernels/kernel.ts'
import { matmul } from '../kernels/matmul.ts'
import { biasActivation } from '../kernels/pointwise.ts'
import { readsOf, type Call } from './call.ts'
import { storage, type Tensor } from './tensor.ts'

interface Epilogue {
  readonly output: string
  /** Length of the bias that the kernel adds. */
  readonly columns: (d: Dims) => number
}

/** Kernels with dims BIAS and ACT and a buffer `bias`. */
const epilogues = new Map<Kernel, Epilogue>([
  [matmul, { output: 'c', columns: (d) => dim(d, 'N') }],
  [conv2d, { output: 'y', columns: (d) => dim(d, 'F') }],
  [biasActivation, { output: 'y', columns: (d) => dim(d, 'COLS') }],
])

/** `kept` are the storages that must exist after the plan has run; they are never fused away. */
export function fuse(calls: readonly Call[], kept: ReadonlySet<Tensor>): readonly Call[] {
  const readers = countReaders(calls)
  const producers = new Map<Tensor, Call>()
  const fused = new Set<Call>()
  const result: Call[] = []
  for (const call of calls) {
    const merged = merge(call, producers, (tensor) => readers.get(tensor) === 1 && !kept.has(tensor))
    if (merged !== undefined) fused.add(merged.producer)
    const next = merged?.call ?? call
    result.push(next)
    const epilogue = epilogues.get(next.kernel)
    if (epilogue !== undefined) producers.set(next.buffers[epilogue.output]!, next)
  }
  return result.filter((call) => !fused.has(call))
}

/** The merged call stands where `call` stood: by then everything that either of the two reads is there. */
function merge(call: Call, producers: ReadonlyMap<Tensor, Call>, isPrivate: (tensor: Tensor) => boolean): { call: Call; producer: Call } | undefined {
  if (call.kernel !== biasActivation) return undefined
  const between = storage(call.buffers['x']!)
  const producer = producers.get(between)
  if (producer === undefined || !isPrivate(between)) return undefined
  const { dims } = producer
  const { output, columns } = epilogues.get(producer.kernel)!
  if (dims['ACT'] !== 0) return undefined
  if (call.dims['BIAS'] === 1 && (dims['BIAS'] === 1 || columns(dims) !== call.dims['COLS'])) return undefined
  const bias = call.buffers['bias'] ?? producer.buffers['bias']
  return {
    producer,
    call: {
      kernel: producer.kernel,
      dims: { ...dims, BIAS: bias === undefined ? 0 : 1, ACT: dim(call.dims, 'ACT') },
      buffers: { ...producer.buffers, ...(bias === undefined ? {} : { bias }), [output]: call.buffers['y']! },
      label: producer.label,
    },
  }
}

function countReaders(calls: readonly Call[]): ReadonlyMap<Tensor, number> {
  const counts = new Map<Tensor, number>()
  for (const call of calls) for (const tensor of readsOf(call)) counts.set(storage(tensor), (counts.get(storage(tensor)) ?? 0) + 1)
  return counts
}
