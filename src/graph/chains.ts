// Chain fusion: pointwise calls that feed one another become one call, whose program does all their steps for an element
// before it goes on to the next. What lies between then never exists in memory, or is written on the way where others read it.
import { dim, type Dims } from '../kernels/kernel.ts'
import { MOST_BUFFERS, pointwiseKernel, programOf } from '../kernels/pointwise/kernel.ts'
import { constantNumbers, operandInner, operandLength, type PointwiseProgram } from '../kernels/pointwise/program.ts'
import type { Call } from './call.ts'
import { readersOf, type Surroundings } from './readers.ts'
import { storage, type Tensor } from './tensor.ts'

/** Steps in one program: more would save little, and registers run out. */
const MOST_STEPS = 32

/** A pointwise call taken apart: operands and constants with what they are, instead of numbers. */
interface Chain {
  readonly size: number
  readonly operands: readonly Operand[]
  readonly steps: readonly Step[]
  readonly results: readonly Result[]
  readonly label: string
}

interface Operand {
  readonly tensor: Tensor
  readonly length: number
  readonly inner: number
}

/** Values are operands (`x`) or earlier steps (`s`), by number. */
type Value = { readonly x: number } | { readonly s: number }

interface Step {
  readonly fn: string
  readonly args: readonly Value[]
  /** f32 bits. */
  readonly constants: readonly number[]
}

interface Result {
  readonly tensor: Tensor
  readonly value: Value
}

export function fuseChains(calls: readonly Call[], surroundings: Surroundings): readonly Call[] {
  const table = createTable(calls, surroundings)
  const makers = new Map<Tensor, number>()
  for (const at of calls.keys()) {
    const mergeable = (): number | undefined =>
      table.chains[at]?.operands.map(({ tensor }) => makers.get(storage(tensor))).find((from) => from !== undefined && canMerge(table, from, at))
    for (let from = mergeable(); from !== undefined; from = mergeable()) table.merge(from, at)
    for (const { tensor } of table.chains[at]?.results ?? []) makers.set(storage(tensor), at)
  }
  return withoutUnread(calls.flatMap((call, i) => {
    if (table.placeOf(call) !== i) return []
    const chain = table.chains[i]
    return [chain === undefined ? call : putTogether(chain, call)]
  }), surroundings)
}

/** The chains so far, by the place of the call that they stand at. */
interface Table {
  readonly chains: readonly (Chain | undefined)[]
  readonly kept: Surroundings['kept']
  placeOf(call: Call): number
  /** Where the readers of a tensor stand: in their own place, or in that of the chain they were merged into. */
  placesOfReaders(tensor: Tensor): readonly number[]
  /** What would come of the chain at `at` if it took the one at `from` into itself. */
  merged(from: number, at: number): Chain
  merge(from: number, at: number): void
}

function createTable(calls: readonly Call[], { effects, kept }: Surroundings): Table {
  const readers = readersOf([...calls, ...effects])
  const chains = calls.map(takeApart)
  const places = new Map([...calls, ...effects].map((call, i) => [call, i]))
  const placesOfReaders = (tensor: Tensor): readonly number[] => (readers.get(storage(tensor)) ?? []).map((reader) => places.get(reader)!)
  const merged = (from: number, at: number): Chain => {
    const readElsewhere = ({ tensor }: Result): boolean => kept.has(storage(tensor)) || placesOfReaders(tensor).some((reader) => reader !== from && reader !== at)
    const first = chains[from]!
    return joined(first, chains[at]!, isConstant(first) ? [] : first.results.filter(readElsewhere))
  }
  return {
    chains, kept, placesOfReaders, merged,
    placeOf: (call) => places.get(call)!,
    merge(from, at) {
      const constant = isConstant(chains[from]!)
      chains[at] = merged(from, at)
      // Each reader of a constant computes it for itself; it stays where it was until nobody reads it.
      if (constant) return
      chains[from] = undefined
      for (const [call, i] of places) if (i === from) places.set(call, at)
    },
  }
}

function canMerge({ chains, kept, placesOfReaders, merged }: Table, from: number, at: number): boolean {
  const [first, second] = [chains[from]!, chains[at]!]
  const { operands, results, steps } = merged(from, at)
  if (operands.length + results.length > MOST_BUFFERS || steps.length > MOST_STEPS) return false
  const written = results.flatMap(({ tensor }) => kept.get(storage(tensor)) ?? [])
  if (new Set(written).size < written.length) return false
  if (isConstant(first)) return true
  const read = second.operands.filter(({ tensor }) => first.results.some((result) => storage(result.tensor) === storage(tensor)))
  // Whoever else reads what the first chain makes must come after the second, where it will be made.
  return first.size === second.size && read.every((operand) => isWhole(operand, second.size))
    && first.results.every(({ tensor }) => placesOfReaders(tensor).every((reader) => reader === from || reader >= at))
}

const isConstant = ({ operands }: Chain): boolean => operands.length === 0

/** Constants that every reader came to compute for itself. */
function withoutUnread(calls: readonly Call[], { effects, kept }: Surroundings): readonly Call[] {
  const readers = readersOf([...calls, ...effects])
  return calls.filter(({ kernel, buffers }) => {
    const program = programOf(kernel)
    return program === undefined || program.results.some((_, r) => kept.has(storage(buffers[`y${r}`]!)) || readers.has(storage(buffers[`y${r}`]!)))
  })
}

const isWhole = ({ length, inner }: Operand, size: number): boolean => length === size && inner === 1

/** The steps of `first`, then those of `second`. `shown` are the results of the first that others read. */
function joined(first: Chain, second: Chain, shown: readonly Result[]): Chain {
  const made = new Map(first.results.map(({ tensor, value }) => [storage(tensor), value]))
  const operands = [...first.operands]
  const moved = second.operands.map((operand): Value => {
    const inside = made.get(storage(operand.tensor))
    if (inside !== undefined) return inside
    const known = operands.findIndex((other) => storage(other.tensor) === storage(operand.tensor) && other.length === operand.length && other.inner === operand.inner)
    return { x: known >= 0 ? known : operands.push(operand) - 1 }
  })
  const steps = [...first.steps]
  const numbers: Value[] = []
  const translate = (value: Value): Value => ('x' in value ? moved[value.x]! : numbers[value.s]!)
  for (const step of second.steps) {
    const translated = { ...step, args: step.args.map(translate) }
    const known = steps.findIndex((other) => JSON.stringify(other) === JSON.stringify(translated))
    numbers.push({ s: known >= 0 ? known : steps.push(translated) - 1 })
  }
  return { size: second.size, operands, steps, results: [...shown, ...second.results.map(({ tensor, value }) => ({ tensor, value: translate(value) }))], label: second.label }
}

function takeApart({ kernel, dims, buffers, label }: Call): Chain | undefined {
  const program = programOf(kernel)
  if (program === undefined) return undefined
  const value = (number: number): Value => (number < program.operands ? { x: number } : { s: number - program.operands })
  const numbers = constantNumbers(program)
  return {
    size: dim(dims, 'SIZE'),
    operands: Array.from({ length: program.operands }, (_, k) => ({ tensor: buffers[`x${k}`]!, length: operandLength(dims, k), inner: operandInner(dims, k) })),
    steps: program.steps.map(({ fn, args }, s) => ({ fn, args: args.map(value), constants: numbers[s]!.map((c) => dim(dims, `C${c}`)) })),
    results: program.results.map((number, r) => ({ tensor: buffers[`y${r}`]!, value: value(number) })),
    label,
  }
}

/** The call of a chain; `original` where nothing was merged into it. */
function putTogether({ size, operands, steps, results, label }: Chain, original: Call): Call {
  if (steps.length === programOf(original.kernel)!.steps.length && results.length === programOf(original.kernel)!.results.length) return original
  const number = (value: Value): number => ('x' in value ? value.x : operands.length + value.s)
  const program: PointwiseProgram = {
    operands: operands.length,
    steps: steps.map(({ fn, args }) => ({ fn, args: args.map(number) })),
    results: results.map(({ value }) => number(value)),
  }
  const dims: Dims = Object.fromEntries([
    ['SIZE', size],
    ...operands.flatMap(({ length, inner }, k) => [[`LEN${k}`, length], [`INNER${k}`, inner]]),
    ...steps.flatMap(({ constants }) => constants).map((bits, c) => [`C${c}`, bits]),
  ])
  return {
    kernel: pointwiseKernel(program), dims, label,
    buffers: Object.fromEntries([...operands.map(({ tensor }, k) => [`x${k}`, tensor]), ...results.map(({ tensor }, r) => [`y${r}`, tensor])]),
  }
}
