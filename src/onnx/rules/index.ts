// Every op that can stand in a file. Tests run each on its probes and compare with our own result; what only gradients and
// losses use has no rule.
import { createRegistry } from '../../base/registry.ts'
import type { OnnxRule } from '../emitter.ts'
import { linearRules } from './linear.ts'
import { normRules } from './norms.ts'
import { pointwiseRules } from './pointwise.ts'
import { sequenceRules } from './sequence.ts'
import { shapeRules } from './shape.ts'

export const onnxRules = createRegistry<OnnxRule>('op of an ONNX file', [...pointwiseRules, ...shapeRules, ...linearRules, ...normRules, ...sequenceRules])
