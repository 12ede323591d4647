// ResNet-20 (He et al. 2016, arXiv 1512.03385) with group norm on the part of CIFAR-10 that there is, augmented.
import { createRng } from '../../../../src/base/rng.ts'
import { augmentImage } from '../../../../src/data/augment.ts'
import type { Examples } from '../../../../src/engine.ts'
import { zoo } from '../../../../src/model/zoo/index.ts'
import { epochs, imagesOf, stepsPerEpoch } from '../batches.ts'
import type { Task } from '../task.ts'

const EPOCHS = 10
const SHAPE = [32, 32, 3] as const
const SIZE = 32 * 32 * 3

export const resnet20: Task = {
  name: 'resnet-20',
  title: 'ResNet-20 on CIFAR-10, ten epochs, padded crops and mirroring',
  target: { metric: 'test accuracy', goal: 'at least', value: 0.45, from: 'chosen beforehand for a fifth of the training images' },
  seeds: [1],
  async prepare(data, seed) {
    const cifar = await data.dataset('cifar-10')
    const images = imagesOf(cifar, cifar.train)
    const normalise = channelStatistics(images['x'] as Float32Array)
    const zooModel = zoo.get('resnet-20')
    const { batchSize, schedule } = zooModel.recipe
    const steps = EPOCHS * stepsPerEpoch(cifar.train.examples, batchSize)
    const batches = epochs(normalise(images), cifar.train.examples, batchSize, `resnet-20 ${seed}`)
    return {
      model: { ...zooModel, recipe: { ...zooModel.recipe, steps, ...(schedule === undefined ? {} : { schedule: { ...schedule, totalSteps: steps } }) } },
      batch: (step) => augmented(batches(step), `augment ${seed} ${step}`),
      evaluateEvery: steps / EPOCHS,
      test: normalise(imagesOf(cifar, cifar.test)),
      score: ({ accuracy }) => accuracy ?? 0,
    }
  },
}

function augmented(examples: Examples, seed: string): Examples {
  const rng = createRng(seed)
  const x = examples['x'] as Float32Array
  const changed = new Float32Array(x.length)
  for (let at = 0; at < x.length; at += SIZE) augmentImage(x.subarray(at, at + SIZE), changed.subarray(at, at + SIZE), SHAPE, { pad: 4, flip: true }, rng)
  return { ...examples, x: changed }
}

/** Brings each channel to the mean 0 and the variance 1 that it has in `x`. */
function channelStatistics(x: Float32Array): (examples: Examples) => Examples {
  const count = x.length / 3
  const sums = [0, 0, 0], squares = [0, 0, 0]
  x.forEach((value, i) => {
    sums[i % 3]! += value
    squares[i % 3]! += value * value
  })
  const means = sums.map((sum) => sum / count)
  const scales = squares.map((sum, c) => 1 / Math.sqrt(sum / count - means[c]! ** 2))
  return (examples) => ({ ...examples, x: (examples['x'] as Float32Array).map((value, i) => (value - means[i % 3]!) * scales[i % 3]!) })
}
