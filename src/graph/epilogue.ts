// Epilogue fusion: a bias or an activation behind a kernel that has an epilogue becomes part of its call, where nobody else
// reads what lies between. One call and one pass over memory fewer for every dense or convolution layer.
import { bitsFloat } from '../base/math.ts'
import { activationConstants, activations } from '../kernels/activation.ts'
import { dim, type Dims } from '../kernels/kernel.ts'
import { programOf } from '../kernels/pointwise/kernel.ts'
import { operandInner, operandLength } from '../kernels/pointwise/program.ts'
import type { Call } from './call.ts'
import { readersOf, type Surroundings } from './readers.ts'
import { storage, type Tensor } from './tensor.ts'

export function fuseEpilogues(calls: readonly Call[], { effects, kept }: Surroundings): readonly Call[] {
  const readers = readersOf([...calls, ...effects])
  const producers = new Map<Tensor, Call>()
  const merged = new Set<Call>()
  const isPrivate = (tensor: Tensor): boolean => !kept.has(tensor) && readers.get(tensor)?.length === 1
  const result = calls.map((call) => {
    const found = withEpilogue(call, producers, isPrivate)
    if (found !== undefined) merged.add(found.producer)
    const next = found?.call ?? call
    const epilogue = next.kernel.epilogue
    if (epilogue !== undefined) producers.set(storage(next.buffers[epilogue.output]!), next)
    return next
  })
  return result.filter((call) => !merged.has(call))
}

interface Added {
  /** Which operand comes out of the producer. */
  readonly from: Tensor
  readonly bias?: { readonly tensor: Tensor; readonly length: number }
  /** Code of an activation. */
  readonly ACT: number
}

/** The merged call stands where `call` stood: by then everything that either of the two reads is there. */
function withEpilogue(call: Call, producers: ReadonlyMap<Tensor, Call>, isPrivate: (tensor: Tensor) => boolean): { call: Call; producer: Call } | undefined {
  for (const { from, bias, ACT } of additions(call)) {
    const producer = producers.get(storage(from))
    if (producer === undefined || !isPrivate(storage(from))) continue
    const { kernel, dims, buffers, label } = producer
    const { output, columns } = kernel.epilogue!
    if (dims['ACT'] !== 0 || (bias !== undefined && (dims['BIAS'] === 1 || columns(dims) !== bias.length))) continue
    return {
      producer,
      call: {
        kernel, label,
        dims: { ...dims, ...(bias === undefined ? {} : { BIAS: 1 }), ACT },
        buffers: { ...buffers, ...(bias === undefined ? {} : { bias: bias.tensor }), [output]: call.buffers['y0']! },
      },
    }
  }
  return undefined
}

/** What a call may add to the one before it; none where it is no bias and no activation. */
function additions({ kernel, dims, buffers }: Call): readonly Added[] {
  const step = programOf(kernel)?.steps[0]
  if (step === undefined) return []
  if (step.fn === 'add') {
    return [[0, 1], [1, 0]].filter(([from, bias]) => isWhole(dims, from!) && operandInner(dims, bias!) === 1)
      .map(([from, bias]) => ({ from: buffers[`x${from}`]!, bias: { tensor: buffers[`x${bias}`]!, length: operandLength(dims, bias!) }, ACT: 0 }))
  }
  const known = activations.find(({ name }) => name === step.fn)
  const usual = known !== undefined && known.code > 0 && activationConstants(known.name).every((value, c) => bitsFloat(dim(dims, `C${c}`)) === Math.fround(value))
  return usual ? [{ from: buffers['x0']!, ACT: known.code }] : []
}

const isWhole = (d: Dims, k: number): boolean => operandLength(d, k) === dim(d, 'SIZE') && operandInner(d, k) === 1
