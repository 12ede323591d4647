// Cells of LSTM and GRU: assembly/recurrent.ts.
import { dim, type Dims } from '../../kernels/kernel.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const cell = (name: string, fn: string, buffers: readonly string[]): WasmKernel => ({
  name,
  steps: (d: Dims, at) => [{ fn, args: [...buffers.map(at), dim(d, 'B'), dim(d, 'H')], units: dim(d, 'B'), cost: 40 * dim(d, 'B') * dim(d, 'H') }],
})

export const recurrentCells: readonly WasmKernel[] = [
  cell('lstm-cell', 'lstm_cell', ['x', 'h', 'c', 'gates', 'cell', 'y']),
  cell('lstm-cell-gradient', 'lstm_cell_gradient', ['gates', 'c', 'cell', 'dy', 'dcell', 'dgates', 'dc']),
  cell('gru-cell', 'gru_cell', ['x', 'h', 'before', 'gates', 'y']),
  cell('gru-cell-gradient', 'gru_cell_gradient', ['h', 'before', 'gates', 'dy', 'dx', 'dh', 'dbefore']),
]
