// The CNN of FedAvg on MNIST.
import { zoo } from '../../../../src/model/zoo/index.ts'
import { epochs, imagesOf, stepsPerEpoch } from '../batches.ts'
import type { Task } from '../task.ts'

export const fedavgCnn: Task = {
  name: 'fedavg-cnn',
  title: 'FedAvg CNN on MNIST',
  target: { metric: 'test accuracy', goal: 'at least', value: 0.99, from: 'McMahan et al. 2017, arXiv 1602.05629' },
  seeds: [1],
  async prepare(data, seed) {
    const mnist = await data.dataset('mnist')
    const model = zoo.get('fedavg-cnn')
    const { batchSize } = model.recipe
    return {
      model,
      batch: epochs(imagesOf(mnist, mnist.train), mnist.train.examples, batchSize, `fedavg-cnn ${seed}`),
      evaluateEvery: Math.ceil(stepsPerEpoch(mnist.train.examples, batchSize) / 2),
      test: imagesOf(mnist, mnist.test),
      score: ({ accuracy }) => accuracy ?? 0,
      stopAtTarget: true,
    }
  },
}
