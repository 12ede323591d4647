// Kim's TextCNN (2014, arXiv 1408.5882) on the movie reviews of Pang and Lee, embeddings from scratch ("CNN-rand").
import { encodeSentences, parseSentences, splitShuffled, type Sentence } from '../../../../src/data/text/sentences.ts'
import { createVocabulary } from '../../../../src/data/text/vocabulary.ts'
import type { Examples } from '../../../../src/engine.ts'
import { textcnn as textcnnModel } from '../../../../src/model/zoo/textcnn.ts'
import { epochs, stepsPerEpoch } from '../batches.ts'
import type { Task } from '../task.ts'

const LENGTH = 56

export const textcnn: Task = {
  name: 'textcnn',
  title: 'TextCNN on MR sentences, embeddings from scratch',
  target: { metric: 'test accuracy', goal: 'at least', value: 0.74, from: 'Kim 2014: 76.1% in tenfold cross-validation' },
  seeds: [1, 2, 3],
  async prepare(data, seed) {
    const files = [await data.file('rt-polarity.neg', 'mr/rt-polarity.neg'), await data.file('rt-polarity.pos', 'mr/rt-polarity.pos')]
    // A tenth to test on, a tenth of the rest to choose the epoch by.
    const [test, validation, train] = splitShuffled(parseSentences(files), [0.1, 0.09, 0.81], `mr ${seed}`) as [Sentence[], Sentence[], Sentence[]]
    const vocabulary = createVocabulary(train.flatMap(({ words }) => words))
    const encode = (part: readonly Sentence[]): Examples => {
      const { tokens, labels } = encodeSentences(part, vocabulary, LENGTH)
      return { x: tokens, labels }
    }
    const model = textcnnModel({ vocabulary: vocabulary.size, length: LENGTH })
    const { batchSize } = model.recipe
    return {
      model,
      batch: epochs(encode(train), train.length, batchSize, `textcnn ${seed}`),
      evaluateEvery: stepsPerEpoch(train.length, batchSize),
      validation: encode(validation),
      test: encode(test),
      score: ({ accuracy }) => accuracy ?? 0,
    }
  },
}
