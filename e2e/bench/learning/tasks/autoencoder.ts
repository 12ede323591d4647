// An autoencoder of MNIST through 32 numbers. The best linear one (PCA) leaves a mean squared error of 0.0171 a pixel.
import type { ByteDataset, ByteSplit } from '../../../../src/data/dataset.ts'
import type { Examples } from '../../../../src/engine.ts'
import { zoo } from '../../../../src/model/zoo/index.ts'
import { epochs, imagesOf, stepsPerEpoch } from '../batches.ts'
import type { Task } from '../task.ts'

export const autoencoder: Task = {
  name: 'autoencoder',
  title: 'autoencoder of MNIST through 32 numbers',
  target: { metric: 'mean squared error a pixel', goal: 'at most', value: 0.01, from: 'chosen beforehand: well below PCA with 32 components, 0.0171' },
  seeds: [1],
  async prepare(data, seed) {
    const mnist = await data.dataset('mnist')
    const model = zoo.get('autoencoder')
    const { batchSize } = model.recipe
    return {
      model,
      batch: epochs(images(mnist, mnist.train), mnist.train.examples, batchSize, `autoencoder ${seed}`),
      evaluateEvery: stepsPerEpoch(mnist.train.examples, batchSize),
      test: images(mnist, mnist.test),
      score: ({ loss }) => loss,
      stopAtTarget: true,
    }
  },
}

/** Its input is its target. */
const images = (dataset: ByteDataset, split: ByteSplit): Examples => ({ x: imagesOf(dataset, split)['x']! })
