// The tensors of an update, in the order in which they travel: the model's, then what corrections send beside them.
import type { Correction } from '../fed/corrections/correction.ts'
import { upOf } from '../fed/corrections/travelling.ts'
import type { Layout } from '../model/layout.ts'
import type { UpdateTensor } from './messages.ts'

export const updateTensors = ({ entries, packedSize }: Pick<Layout, 'entries' | 'packedSize'>, corrections: readonly Correction[]): readonly Omit<UpdateTensor, 'weight'>[] => [
  ...entries.map(({ name, role, size }) => ({ name, role, size })),
  ...upOf(corrections).map(({ correction, name }) => ({ name: `${correction}/${name}`, role: 'correction' as const, size: packedSize })),
]

/** What a tensor of an update of so many examples weighs in the average. */
export const tensorWeight = ({ role }: Pick<UpdateTensor, 'role'>, numExamples: number): number => (role === 'correction' ? 1 : numExamples)
