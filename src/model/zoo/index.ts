// Models by name, as data.
import { createRegistry } from '../../base/registry.ts'
import { autoencoder } from './autoencoder.ts'
import { charGpts } from './char-gpt.ts'
import { digitsCnn } from './digits-cnn.ts'
import { fedavgCnn } from './fedavg-cnn.ts'
import { lenet } from './lenet.ts'
import { lstmText } from './lstm-text.ts'
import { matrixFactorization } from './matrix-factorization.ts'
import { mlp2nn } from './mlp-2nn.ts'
import { mnistCnn } from './mnist-cnn.ts'
import { mnistMlp } from './mnist-mlp.ts'
import { multiTask } from './multi-task.ts'
import { resnet20, resnet50 } from './resnet.ts'
import { textcnn, textcnnSmall } from './textcnn.ts'

export const zoo = createRegistry('model', [
  mnistMlp, mlp2nn, mnistCnn, fedavgCnn, digitsCnn,
  lenet, resnet20(), resnet20({ norm: 'batch-norm' }), resnet50(),
  textcnn(), textcnnSmall, lstmText, ...charGpts,
  multiTask, autoencoder, matrixFactorization,
])
