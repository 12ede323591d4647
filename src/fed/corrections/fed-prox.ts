// FedProx (Li et al. 2020, arXiv 1812.06127): local training minimises the loss plus mu/2 |w - w0|^2, so that nobody
// strays far from the granted model w0.
import * as v from 'valibot'
import { NOTHING } from './correction.ts'
import { registerCorrection } from './register.ts'

const schema = v.strictObject({ mu: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 0.01) })

export const fedProx = registerCorrection(schema, ({ mu }) => ({
  ...NOTHING,
  name: 'fed-prox',
  needs: { steps: 'several' },
  pull: mu,
}))
