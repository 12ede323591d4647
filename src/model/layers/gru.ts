// A gated recurrent unit: sequences [B,T,D] -> the last output [B,units], or all of them [B,T,units]. Gates r, z, n; the reset gate
// multiplies the product of the step before.
import { gru as run } from '../../graph/ops/gru.ts'
import { defineRecurrent } from './recurrent.ts'

export const gru = defineRecurrent({ name: 'gru', gates: 3, run })
