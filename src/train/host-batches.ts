// Examples as a host holds them -> batches as Plans want them: cut to batchSize, padded, with a weight for each example.
import { ConfigError } from '../base/errors.ts'
import { product } from '../base/math.ts'
import { nearest } from '../base/registry.ts'
import type { HostArray, Plan } from '../graph/plan.ts'
import { formatShape } from '../graph/tensor.ts'
import type { ElementType } from '../kernels/kernel.ts'
import type { Model } from '../model/build-model.ts'
import { RANDOM } from '../model/layers/layer.ts'

/** Inputs and targets by name, each the values of n examples one after the other. */
export type Examples = Readonly<Record<string, HostArray>>

/** What a Plan wants to be given under a name: shape of one example. */
export interface HostPort {
  readonly shape: readonly number[]
  readonly element: ElementType
  /** Integers lie below this. */
  readonly below?: number
}

export interface HostBatch {
  /** Padded to batchSize with the batch's own examples, which leave its statistics (batch norm) nearly as they are. */
  readonly inputs: Examples
  /** Without padding. */
  readonly examples: number
  /** `weight` for each example, 0 for padding. */
  readonly weights: (weight: number) => Float32Array
}

/** Inputs and targets of a Plan. */
export function portsOf({ spec: { inputs: declared }, heads }: Pick<Model, 'spec' | 'heads'>, { inputs }: Plan): Readonly<Record<string, HostPort>> {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== 'weights').map(([name, { view, shape }]) => {
    const input = declared[name]
    const bounds = [...(input !== undefined && 'below' in input ? [input.below] : []), ...heads.flatMap(({ target, below }) => (below !== undefined && target.node.attrs['name'] === name ? [below] : []))]
    return [name, { shape: shape.slice(1), element: view.element === 'u32' ? 'u32' : 'f32', ...(bounds.length === 0 ? {} : { below: Math.min(...bounds) }) }]
  }))
}

/** The input `random`: the same numbers for the same seed, work and step. */
export function randomKey(seed: number, work: number, step: number): Uint32Array {
  const key = new Uint32Array(RANDOM.length)
  key[RANDOM.seed] = seed
  key[RANDOM.work] = work
  key[RANDOM.step] = step
  return key
}

/** Throws ConfigError for names, types, lengths and integers that do not fit the ports. */
export function cutBatches(given: Examples, ports: Readonly<Record<string, HostPort>>, batchSize: number): readonly HostBatch[] {
  const names = Object.keys(ports)
  if (Array.isArray(given)) throw new ConfigError(`examples: must be a typed array, or typed arrays by the names ${names.join(', ')}, got a plain array. Convert it: Float32Array.from(examples).`)
  for (const name of Object.keys(given)) if (!Object.hasOwn(ports, name)) throw new ConfigError(`${name}: must be an input or target of the model, got a name that it does not read. ${nearest(name, names)}`)
  const counts = names.map((name) => countExamples(name, given[name], ports[name]!))
  const total = counts[0]!
  counts.forEach((count, i) => {
    if (count !== total) throw new ConfigError(`${names[i]!}: must have one for each example, got ${count} for ${total} of ${names[0]!}. Pass as many of each.`)
  })
  return Array.from({ length: Math.ceil(total / batchSize) }, (_, i): HostBatch => {
    const start = i * batchSize, end = Math.min(total, start + batchSize)
    const part = (name: string): HostArray => {
      const size = product(ports[name]!.shape)
      return padded(given[name]!.subarray(start * size, end * size), batchSize * size)
    }
    return {
      inputs: Object.fromEntries(names.map((name) => [name, part(name)])),
      examples: end - start,
      weights: (weight) => new Float32Array(batchSize).fill(weight, 0, end - start),
    }
  })
}

function countExamples(name: string, data: HostArray | undefined, { shape, element, below }: HostPort): number {
  if (data === undefined) throw new ConfigError(`${name}: must be given, got nothing. Pass n examples of shape ${formatShape(shape)}.`)
  const wanted = element === 'u32' ? Uint32Array : Float32Array
  if (!(data instanceof wanted)) throw new ConfigError(`${name}: must be a ${wanted.name}, got ${(data as object).constructor.name}. Convert it.`)
  const size = product(shape)
  const examples = data.length / size
  if (!Number.isInteger(examples) || examples === 0) throw new ConfigError(`${name}: must hold whole examples of shape ${formatShape(shape)}, got ${data.length} elements. Pass n * ${size} numbers.`)
  if (below !== undefined) {
    const wrong = data.findIndex((value) => value >= below)
    if (wrong >= 0) throw new ConfigError(`${name}: must hold integers below ${below}, got ${data[wrong]} at ${wrong}. Map unknown ones to one that the model knows.`)
  }
  return examples
}

/** `data` again and again up to `length`; itself where it is that long. */
function padded(data: HostArray, length: number): HostArray {
  if (data.length === length) return data
  const whole = new (data.constructor as new (length: number) => HostArray)(length)
  for (let at = 0; at < length; at += data.length) whole.set(data.subarray(0, length - at) as Float32Array, at)
  return whole
}
