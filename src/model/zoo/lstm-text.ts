// A recurrent reader of sentences: long short-term memory (Hochreiter and Schmidhuber 1997) over vectors of words, of whose
// outputs the strongest anywhere counts, so that padding behind a short sentence does little.
import { defineModel } from './zoo-model.ts'

const VOCABULARY = 20_000, LENGTH = 56

export const lstmText = defineModel({
  name: 'lstm-text',
  inputs: { x: { shape: [LENGTH], below: VOCABULARY } },
  nodes: [
    { name: 'words', layer: 'embedding', options: { vocabulary: VOCABULARY, units: 128 } },
    { name: 'words-dropout', layer: 'dropout', options: { rate: 0.3 } },
    { name: 'lstm', layer: 'lstm', options: { units: 128, sequences: true } },
    { name: 'strongest', layer: 'global-max-pool' },
    { name: 'dropout', layer: 'dropout', options: { rate: 0.5 } },
    { name: 'classes', layer: 'dense', options: { units: 2 } },
  ],
  output: 'classes',
}, { batchSize: 50, steps: 1_400, objectives: [{ optimizer: { name: 'adam', learningRate: 1e-3 } }], clip: { by: 'global-norm', limit: 1 } })
