// All that is measured in one place: a browser's worker or a process of Node.
import type { BenchWorker } from '../messages.ts'
import { watchBuffers } from './gpu-bytes.ts'
import { measureKernels } from './kernels.ts'
import { measureMatmul } from './matmul.ts'
import { measureMemory } from './memory.ts'
import { measureTraining } from './training.ts'

watchBuffers(GPUDevice)

export const benches: BenchWorker = { training: measureTraining, matmul: measureMatmul, kernels: measureKernels, memory: measureMemory }
