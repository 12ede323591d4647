import type { ModelSpec } from '../../../src/model/spec.ts'

/** 7,850 params: for tests of benchmarks, whose own models take their time. */
export const SOFTMAX: ModelSpec = { name: 'softmax', inputs: { x: [28, 28, 1] }, nodes: [{ name: 'flatten', layer: 'flatten' }, { name: 'dense', layer: 'dense', options: { units: 10 } }], output: 'dense' }
