// CIFAR-10 (Krizhevsky 2009): 60,000 photographs of 32x32 in ten classes, from the files of its binary version. Any of the
// five training batches may be missing: fewer examples then.
import { ConfigError, present } from '../../base/errors.ts'
import type { ByteSplit } from '../dataset.ts'
import { takeExamples, type DatasetSource, type SourceInput } from './source.ts'

const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']
const PIXELS = 32 * 32
const CHANNELS = 3
/** A label, then all of the red, of the green and of the blue. */
const RECORD_BYTES = 1 + CHANNELS * PIXELS
const BATCHES = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`)

export const cifar10: DatasetSource = {
  name: 'cifar-10',
  folders: ['cifar-10', 'cifar10', 'cifar-10-batches-bin'],
  files: [
    ...BATCHES.map((name, i) => ({ role: name, names: [`${name}.bin`], ...(i === 0 ? {} : { optional: true as const }) })),
    { role: 'test', names: ['test_batch.bin'] },
  ],
  howToGet: 'Download the binary version from https://www.cs.toronto.edu/~kriz/cifar.html, unpack it into one folder and name it with --data-dir.',
  load: (input) => ({
    name: 'cifar-10',
    shape: [32, 32, CHANNELS],
    classes: CLASSES.length,
    classNames: CLASSES,
    scale: 1 / 255,
    offset: 0,
    train: takeExamples(readSplit(BATCHES.flatMap((role) => input.files[role] ?? [])), input.trainExamples, 'trainExamples'),
    test: takeExamples(readSplit([present(input.files['test'], 'test')]), input.testExamples, 'testExamples'),
  }),
}

type File = SourceInput['files'][string]

function readSplit(files: readonly File[]): ByteSplit {
  const examples = files.reduce((sum, file) => sum + countRecords(file), 0)
  const values = new Uint8Array(examples * PIXELS * CHANNELS)
  const labels = new Uint8Array(examples)
  let at = 0
  for (const { path, bytes } of files) {
    for (let from = 0; from < bytes.length; from += RECORD_BYTES, at++) {
      const label = bytes[from] as number
      if (label >= CLASSES.length) throw new ConfigError(`${path}: must hold labels below ${CLASSES.length}, got ${label} at byte ${from}. Download it again.`)
      labels[at] = label
      interleave(bytes.subarray(from + 1, from + RECORD_BYTES), values.subarray(at * PIXELS * CHANNELS, (at + 1) * PIXELS * CHANNELS))
    }
  }
  return { examples, values, labels }
}

function countRecords({ path, bytes }: File): number {
  if (bytes.length === 0 || bytes.length % RECORD_BYTES !== 0) throw new ConfigError(`${path}: must hold whole records of ${RECORD_BYTES} bytes, got ${bytes.length} bytes. Download it again.`)
  return bytes.length / RECORD_BYTES
}

/** [C,H,W] -> [H,W,C] */
function interleave(planes: Uint8Array, image: Uint8Array): void {
  for (let c = 0; c < CHANNELS; c++) for (let i = 0; i < PIXELS; i++) image[i * CHANNELS + c] = planes[c * PIXELS + i] as number
}
