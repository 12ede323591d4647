// The params a run begins with, packed: a function of spec and seed alone, the same on every machine.
import { createRng } from '../base/rng.ts'
import { buildModel } from './build-model.ts'
import { initialise } from './initialisers.ts'
import type { Layout } from './layout.ts'
import type { ModelSpec } from './spec.ts'

/** Each tensor has its own stream of numbers, so that adding a layer changes no other. */
export function initialParams(spec: ModelSpec, seed: string | number): Float32Array {
  const { layout, declarations } = buildModel(spec, 1)
  const params = new Float32Array(layout.packedSize)
  layout.entries.forEach(({ name, packedOffset, size }, i) => {
    const { initialiser, shape, fanIn, fanOut } = declarations[i]!
    initialise(params.subarray(packedOffset, packedOffset + size), initialiser, { rng: createRng(seed).fork(name), shape, fanIn, fanOut })
  })
  return params
}

/** Where the model's tensors lie; independent of the batch size. */
export const layoutOf = (spec: ModelSpec): Layout => buildModel(spec, 1).layout
