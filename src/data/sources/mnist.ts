// MNIST (LeCun, Cortes, Burges 1998): 60,000 + 10,000 handwritten digits of 28x28, from the four original IDX files.
import { ConfigError, present } from '../../base/errors.ts'
import type { ByteSplit } from '../dataset.ts'
import { parseIdx } from './idx.ts'
import { takeExamples, type DatasetSource, type SourceInput } from './source.ts'

const CLASSES = 10

export const mnist: DatasetSource = {
  name: 'mnist',
  files: [
    { role: 'trainImages', names: ['train-images-idx3-ubyte', 'train-images.idx3-ubyte'] },
    { role: 'trainLabels', names: ['train-labels-idx1-ubyte', 'train-labels.idx1-ubyte'] },
    { role: 'testImages', names: ['t10k-images-idx3-ubyte', 't10k-images.idx3-ubyte'] },
    { role: 'testLabels', names: ['t10k-labels-idx1-ubyte', 't10k-labels.idx1-ubyte'] },
  ],
  howToGet: 'Download the four files from https://storage.googleapis.com/cvdf-datasets/mnist/ into one folder and name it with --data-dir.',
  load: (input) => {
    const train = readSplit(input, 'trainImages', 'trainLabels')
    const test = readSplit(input, 'testImages', 'testLabels')
    if (train.shape.join() !== test.shape.join()) {
      throw new ConfigError(`mnist: must have images of one shape, got [${train.shape.join(', ')}] to train on and [${test.shape.join(', ')}] to test on. Are the files of one data set?`)
    }
    return {
      name: 'mnist',
      shape: [...train.shape, 1],
      classes: CLASSES,
      classNames: [...'0123456789'],
      scale: 1 / 255,
      offset: 0,
      train: takeExamples(train.split, input.trainExamples, 'trainExamples'),
      test: takeExamples(test.split, input.testExamples, 'testExamples'),
    }
  },
}

function readSplit(input: SourceInput, imagesRole: string, labelsRole: string): { readonly split: ByteSplit; readonly shape: readonly number[] } {
  const imageFile = present(input.files[imagesRole], imagesRole)
  const labelFile = present(input.files[labelsRole], labelsRole)
  const images = parseIdx(imageFile.bytes, imageFile.path, 3)
  const labels = parseIdx(labelFile.bytes, labelFile.path, 1)
  const [examples, ...shape] = images.shape as [number, ...number[]]
  if (labels.shape[0] !== examples || examples === 0) {
    throw new ConfigError(`${labelFile.path}: must have a label for each of the ${examples} images of ${imageFile.path}, got ${labels.shape[0]}. Are the files of one data set?`)
  }
  const worst = labels.values.findIndex((label) => label >= CLASSES)
  if (worst >= 0) throw new ConfigError(`${labelFile.path}: must hold labels below ${CLASSES}, got ${labels.values[worst]} at ${worst}. Download it again.`)
  return { split: { examples, values: images.values, labels: labels.values }, shape }
}
