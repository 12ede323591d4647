// Models by name, as data.
import { createRegistry } from '../../base/registry.ts'
import { digitsCnn } from './digits-cnn.ts'
import { fedavgCnn } from './fedavg-cnn.ts'
import { mlp2nn } from './mlp-2nn.ts'
import { mnistCnn } from './mnist-cnn.ts'
import { mnistMlp } from './mnist-mlp.ts'

export const zoo = createRegistry('model', [mnistMlp, mlp2nn, mnistCnn, fedavgCnn, digitsCnn])
