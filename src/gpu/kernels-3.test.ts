import { describeKernels } from './test-kernels.ts'

describeKernels(2)
