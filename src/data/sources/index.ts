// Every data set that a run file can name.
import { createRegistry } from '../../base/registry.ts'
import { cifar10 } from './cifar-10.ts'
import { digits } from './digits.ts'
import { mnist } from './mnist.ts'

export const datasetSources = createRegistry('dataset.name', [
  digits,
  mnist,
  cifar10,
])
