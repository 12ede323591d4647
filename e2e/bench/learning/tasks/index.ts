// Every task of the learning benchmark.
import { createRegistry } from '../../../../src/base/registry.ts'
import { autoencoder } from './autoencoder.ts'
import { charGpt } from './char-gpt.ts'
import { fedavgCnn } from './fedavg-cnn.ts'
import { matrixFactorization } from './matrix-factorization.ts'
import { resnet20 } from './resnet-20.ts'
import { textcnn } from './textcnn.ts'

export const tasks = createRegistry('--tasks', [autoencoder, matrixFactorization, charGpt, textcnn, resnet20, fedavgCnn])
