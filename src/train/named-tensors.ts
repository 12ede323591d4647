// Params and optimizer state by name, as files hold them: `dense1/weight` and `adam/m/dense1/weight`.
import { ConfigError } from '../base/errors.ts'
import { nearest } from '../base/registry.ts'
import type { Program } from '../graph/plan.ts'
import { formatShape, sameShape } from '../graph/tensor.ts'
import type { Layout } from '../model/layout.ts'
import type { Update } from './update.ts'

export interface NamedTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export type NamedTensors = Readonly<Record<string, NamedTensor>>

/** Copies of a model's tensors. */
export const nameTensors = (layout: Layout, packed: Float32Array): NamedTensors =>
  Object.fromEntries(layout.entries.map(({ name, shape, packedOffset, size }) => [name, { shape, data: packed.slice(packedOffset, packedOffset + size) }]))

/** Copies some or all tensors to their places in `packed`. Throws ConfigError for a name or shape that the model has not. */
export function placeTensors(layout: Layout, tensors: NamedTensors, packed: Float32Array): void {
  for (const [name, tensor] of Object.entries(tensors)) {
    const entry = layout.entries.find((each) => each.name === name)
    if (entry === undefined) throw new ConfigError(`tensor "${name}": must be one of the model's, got a name that it has not. ${nearest(name, layout.entries.map((each) => each.name))}`)
    checkTensor(name, tensor, entry.shape)
    packed.set(tensor.data, entry.packedOffset)
  }
}

interface Slot {
  readonly name: string
  readonly shape: readonly number[]
  readonly allocation: string
  /** Of the allocation, in elements. */
  readonly offset: number
  readonly size: number
}

const slotsOf = ({ slots }: Update): readonly Slot[] => slots.flatMap(({ allocation, optimizer, slot, group }) =>
  group.entries.map(({ name, shape, size, arenaOffset }) => ({ name: `${optimizer}/${slot}/${name}`, shape, allocation, offset: arenaOffset - group.offset, size })))

/** What the optimizers remember of every tensor: `<optimizer>/<slot>/<tensor>`. */
export async function readOptimizerState(program: Program, update: Update): Promise<NamedTensors> {
  const allocations = update.slots.map(({ allocation }) => allocation)
  const arrays = new Map((await program.read(allocations)).map((array, i) => [allocations[i]!, array]))
  return Object.fromEntries(slotsOf(update).map(({ name, shape, allocation, offset, size }) => [name, { shape, data: arrays.get(allocation)!.slice(offset, offset + size) }]))
}

/** Throws ConfigError where a tensor of the state is missing, or one is none of it. */
export function writeOptimizerState(program: Program, update: Update, tensors: NamedTensors): void {
  const slots = slotsOf(update)
  const arenas = new Map(update.slots.map(({ allocation, group }) => [allocation, new Float32Array(group.size)]))
  const stranger = Object.keys(tensors).find((name) => !slots.some((slot) => slot.name === name))
  if (stranger !== undefined) throw new ConfigError(`optimizer state "${stranger}": must belong to this model's optimizers, got a name that they have not. ${nearest(stranger, slots.map(({ name }) => name))}`)
  for (const { name, shape, allocation, offset } of slots) {
    const tensor = tensors[name]
    if (tensor === undefined) throw new ConfigError(`optimizer state "${name}": must be given, got nothing. Restore the state of the same model and optimizers.`)
    checkTensor(name, tensor, shape)
    arenas.get(allocation)!.set(tensor.data, offset)
  }
  for (const [allocation, array] of arenas) program.write(allocation, array)
}

function checkTensor(name: string, { shape, data }: NamedTensor, wanted: readonly number[]): void {
  const size = wanted.reduce((a, b) => a * b, 1)
  if (!sameShape(wanted, shape) || data.length !== size) throw new ConfigError(`tensor "${name}": must have shape ${formatShape(wanted)}, got ${formatShape(shape)} with ${data.length} elements. Use a tensor of the same model, or leave it out.`)
}
