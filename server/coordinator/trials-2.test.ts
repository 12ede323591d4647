import { describeTrials } from './test-trials.ts'

describeTrials(1)
