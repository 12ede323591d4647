// DC-ASGD (Zheng et al. 2017, arXiv 1609.08326): a gradient of an old model becomes nearly that of the current one by a
// first-order step, with lambda g^2 for the diagonal of the Hessian. The server needs the params that it was computed at.
import * as v from 'valibot'
import { NOTHING } from './correction.ts'
import { registerCorrection } from './register.ts'

const schema = v.strictObject({ lambda: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 0.04) })

export const delayCompensation = registerCorrection(schema, ({ lambda }) => ({
  ...NOTHING,
  name: 'delay-compensation',
  needs: { steps: 'one', schedule: 'asynchronous', seesEach: true, versions: true },
  compensate({ gradient, computedAt, current }) {
    for (let i = 0; i < gradient.length; i++) gradient[i]! += lambda * gradient[i]! * gradient[i]! * (current[i]! - computedAt[i]!)
  },
}))
