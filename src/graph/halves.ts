// Which tensors of a plan are stored as f16: activations and their gradients, where every kernel that reads or writes them allows
// it. What the host sees and what lasts from run to run (params, gradients of params, optimizer state) stays f32.
import { programOf } from '../kernels/pointwise/kernel.ts'
import { readsOf, writesOf, type Call } from './call.ts'
import { storage, type Tensor } from './tensor.ts'

/** `isScratch`: a storage that is only there on the way. */
export function halvesOf(calls: readonly Call[], isScratch: (root: Tensor) => boolean): Set<Tensor> {
  const halves = new Set<Tensor>()
  const whole = new Set<Tensor>()
  for (const { kernel, buffers } of calls) for (const [name, tensor] of Object.entries(buffers)) {
    const root = storage(tensor)
    if (isScratch(root) && tensor.element === 'f32' && kernel.buffers[name]!.half === true) halves.add(root)
    else whole.add(root)
  }
  for (const root of whole) halves.delete(root)
  // Terms that a pointwise call adds up to a gradient of params are no shorter than the sum.
  for (const call of calls) {
    if (programOf(call.kernel) === undefined || writesOf(call).some((tensor) => isScratch(storage(tensor)))) continue
    for (const tensor of readsOf(call)) halves.delete(storage(tensor))
  }
  return halves
}
