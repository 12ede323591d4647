// Long short-term memory: sequences [B,T,D] -> the last output [B,units], or all of them [B,T,units]. Gates i, f, g, o; the forget
// gate reads 1 more than its bias says.
import { lstm as run } from '../../graph/ops/lstm.ts'
import { defineRecurrent } from './recurrent.ts'

export const lstm = defineRecurrent({ name: 'lstm', gates: 4, run })
