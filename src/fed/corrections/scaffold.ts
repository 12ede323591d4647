// SCAFFOLD (Karimireddy et al. 2020, arXiv 1910.06378): each volunteer knows the mean gradient c_i of its own data and the
// server that of all, c; local gradients are corrected by c - c_i. Option II of the paper: the next c_i is c_i - c plus the
// pseudo-gradient over the sum of learning rates, which is the mean of the uncorrected gradients on the way.
import * as v from 'valibot'
import { NOTHING } from './correction.ts'
import { registerCorrection } from './register.ts'

export const scaffold = registerCorrection(v.strictObject({}), () => ({
  ...NOTHING,
  name: 'scaffold',
  needs: { steps: 'several', localOptimizers: ['sgd'], schedule: 'rounds', ownData: true, exactUpdates: true },
  volunteerSlots: ['control'],
  serverSlots: ['control'],
  down: ['control'],
  up: ['controlChange'],
  // Option I of the paper. Near the optimum it is what was lost, so that what goes up does not count twice.
  takeOver: (gradient) => ({ control: gradient }),
  drift: (own, down) => down['control']!.map((global, i) => global - own['control']![i]!),
  afterLocal({ pseudoGradient, learningRateSum, own, down }) {
    const controlChange = pseudoGradient.map((change, i) => change / learningRateSum - down['control']![i]!)
    return { up: { controlChange }, own: { control: own['control']!.map((control, i) => control + controlChange[i]!) } }
  },
  beforeServerStep({ up, fraction, server }) {
    const control = server['control']!, change = up['controlChange']!
    for (let i = 0; i < control.length; i++) control[i]! += fraction * change[i]!
  },
}))
