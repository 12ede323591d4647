// Embeddings: assembly/embedding.ts.
import { dim } from '../../kernels/kernel.ts'
import type { WasmKernel } from './wasm-kernel.ts'

export const gatherRows: WasmKernel = {
  name: 'gather-rows',
  steps: (d, at) => [{ fn: 'gather_rows', args: [at('table'), at('ids'), at('y'), dim(d, 'N'), dim(d, 'V'), dim(d, 'D')], units: dim(d, 'N'), cost: dim(d, 'N') * dim(d, 'D') }],
}

export const groupIds: WasmKernel = {
  name: 'group-ids',
  steps: (d, at) => [{ fn: 'group_ids', args: [at('ids'), at('order'), at('starts'), dim(d, 'N'), dim(d, 'V')], units: 1, cost: 4 * dim(d, 'N'), own: () => dim(d, 'V') * 4 }],
}

export const sumGroups: WasmKernel = {
  name: 'sum-groups',
  steps: (d, at) => [{
    fn: 'sum_groups', args: [at('order'), at('starts'), at('dy'), at('dtable'), dim(d, 'V'), dim(d, 'D')],
    units: dim(d, 'V'), cost: (dim(d, 'N') + dim(d, 'V')) * dim(d, 'D'),
  }],
}
