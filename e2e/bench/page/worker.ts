// Everything is measured in this one worker, as a volunteer's tab would run it.
import { expose } from 'comlink'
import type { BenchWorker } from '../messages.ts'
import { measureKernels } from './kernels.ts'
import { measureMatmul } from './matmul.ts'
import { measureTraining } from './training.ts'

expose({ training: measureTraining, matmul: measureMatmul, kernels: measureKernels } satisfies BenchWorker)
