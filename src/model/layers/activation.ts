// An activation as a node of its own; behind dense or conv2d it costs no extra pass.
import * as v from 'valibot'
import { activation as activate } from '../../graph/ops/activation.ts'
import { activationName, defineLayer } from './layer.ts'

export const activation = defineLayer({
  name: 'activation',
  inputs: 1,
  schema: v.strictObject({ kind: activationName }),
  build: ([x], { kind }) => activate(x!, kind),
})
