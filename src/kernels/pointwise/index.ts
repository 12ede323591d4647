// Every pointwise function. Tests iterate this list: WGSL against TypeScript, gradients against finite differences.
import { createRegistry } from '../../base/registry.ts'
import { activationFunctions } from './activations.ts'
import { arithmetic } from './arithmetic.ts'
import { choices } from './choices.ts'
import { elementary } from './elementary.ts'

export const pointwiseFunctions = createRegistry('pointwise function', [...arithmetic, ...elementary, ...choices, ...activationFunctions])
