// Copies: assembly/shape.ts.
import { dim, type Dims } from '../../kernels/kernel.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const MOST_AXES = 6

const rows = (name: string, whole: string, part: string): WasmKernel => ({
  name,
  steps(d, at) {
    const parts = Array.from({ length: dim(d, 'COUNT') }, (_, k) => ({ at: at(`${part}${k}`), row: dim(d, `ROW${k}`) }))
    const row = parts.reduce((sum, { row }) => sum + row, 0)
    return [{ fn: name, args: [at(whole), dim(d, 'OUTER'), parts.length, ...parts.flatMap((part) => [part.at, part.row])], units: dim(d, 'OUTER'), cost: dim(d, 'OUTER') * row }]
  },
})

export const concat = rows('concat', 'y', 'x')
export const split = rows('split', 'x', 'y')

export const window: WasmKernel = {
  name: 'window',
  steps: (d, at) => [{
    fn: 'window', args: [at('x'), at('y'), dim(d, 'OUTER'), dim(d, 'AXIS'), dim(d, 'INNER'), dim(d, 'LENGTH'), dim(d, 'START') - dim(d, 'BEFORE'), dim(d, 'VALUE')],
    units: dim(d, 'OUTER'), cost: dim(d, 'OUTER') * dim(d, 'LENGTH') * dim(d, 'INNER'),
  }],
}

export const transpose: WasmKernel = {
  name: 'transpose',
  steps(d, at) {
    const axes = axesOf(d)
    const elements = axes.reduce((product, { size }) => product * size, 1)
    return [{ fn: 'transpose', args: [at('x'), at('y'), ...axes.flatMap(({ size, stride }) => [size, stride])], units: elements / axes.at(-1)!.size, cost: 2 * elements }]
  },
}

/** Always six, the last one last. */
function axesOf(d: Dims): readonly { readonly size: number; readonly stride: number }[] {
  const rank = dim(d, 'RANK')
  return Array.from({ length: MOST_AXES }, (_, i) => {
    const k = i - (MOST_AXES - rank)
    return k < 0 ? { size: 1, stride: 0 } : { size: dim(d, `SIZE${k}`), stride: dim(d, `STRIDE${k}`) }
  })
}
