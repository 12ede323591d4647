// FedDyn (Acar et al. 2021, arXiv 2111.04263): each volunteer's loss gets the term alpha/2 |w - w0|^2 - <h_i, w>, where h_i is
// the gradient of its own loss at its last result, so that local optima meet at the global one. The server keeps h / alpha.
import * as v from 'valibot'
import { NOTHING } from './correction.ts'
import { registerCorrection } from './register.ts'

const schema = v.strictObject({ alpha: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 0.01) })

export const fedDyn = registerCorrection(schema, ({ alpha }) => ({
  ...NOTHING,
  name: 'fed-dyn',
  needs: { steps: 'several', serverOptimizers: ['sgd'], schedule: 'rounds', ownData: true, exactUpdates: true },
  volunteerSlots: ['gradient'],
  serverSlots: ['offset'],
  takeOver: (gradient) => ({ gradient }),
  pull: alpha,
  drift: (own) => own['gradient']!.map((value) => -value),
  afterLocal: ({ pseudoGradient, own }) => ({ up: {}, own: { gradient: own['gradient']!.map((value, i) => value + alpha * pseudoGradient[i]!) } }),
  beforeServerStep({ pseudoGradient, fraction, server }) {
    const offset = server['offset']!
    for (let i = 0; i < offset.length; i++) {
      offset[i]! += fraction * pseudoGradient[i]!
      pseudoGradient[i]! += offset[i]!
    }
  },
}))
