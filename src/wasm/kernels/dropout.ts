// Dropout: assembly/dropout.ts.
import { ceilDiv } from '../../base/math.ts'
import { dim } from '../../kernels/kernel.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const BLOCK = 256

export const dropout: WasmKernel = {
  name: 'dropout',
  steps: (d, at) => [{
    fn: 'dropout', args: [at('x'), at('random'), at('y'), dim(d, 'SIZE'), dim(d, 'STREAM'), dim(d, 'THRESHOLD'), dim(d, 'SCALE')],
    units: ceilDiv(dim(d, 'SIZE'), BLOCK), cost: 12 * dim(d, 'SIZE'),
  }],
}
