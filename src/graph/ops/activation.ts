// Activations by name: pointwise functions with their usual constants. Where the slope follows from the output, the input
// need not be kept, and the activation may become part of the call before it.
import { createRegistry } from '../../base/registry.ts'
import { activations } from '../../kernels/activation.ts'
import type { Tensor } from '../tensor.ts'
import { pointwise } from './pointwise.ts'

const activationRegistry = createRegistry('activation', activations)

/** act(x), `kind` being a name in kernels/activation.ts; `linear` is x itself. */
export const activation = (x: Tensor, kind: string): Tensor => (activationRegistry.get(kind).code === 0 ? x : pointwise(kind, [x]))
