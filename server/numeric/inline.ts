// The arithmetic in this thread: for tests and simulations, where determinism matters more than the event loop.
import { present } from '../../src/base/errors.ts'
import { Aggregation } from './aggregation.ts'
import type { Evaluator, Numeric } from './numeric.ts'
import { OwnEvaluation } from './own-evaluation.ts'

export function createInlineNumeric(): Numeric {
  let aggregation: Aggregation | undefined
  const core = (): Aggregation => present(aggregation, 'open aggregation')
  return {
    async open(setup, start) {
      aggregation = new Aggregation(setup, start)
      return aggregation.snapshot()
    },
    reserve: async (payloadBytes) => new Uint8Array(payloadBytes),
    release: () => {},
    check: async (leaseId, payloadHash, payload) => core().check(leaseId, payloadHash, payload),
    discard: (leaseId) => core().discard(leaseId),
    accumulate: (leaseId, addend) => core().accumulate(leaseId, addend),
    apply: async (version, scaleUnits) => core().apply(version, scaleUnits),
    checkpoint: async () => core().checkpoint(),
    close: async () => { aggregation = undefined },
  }
}

export function createInlineEvaluator(): Evaluator {
  let evaluation: OwnEvaluation | undefined
  return {
    open: async (setup) => { evaluation = await OwnEvaluation.open(setup) },
    evaluate: (params, pieces) => present(evaluation, 'open evaluator').evaluate(params, pieces),
    close: async () => { evaluation = undefined },
  }
}
