// What a ModelSpec may look like, before its layers are asked. A spec may come from a stranger: sizes are bounded.
import * as v from 'valibot'

const name = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'Use letters, digits, - and _.'))
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(65_536))
const shape = v.pipe(v.array(size), v.minLength(1), v.maxLength(4))

export const ModelSpecSchema = v.strictObject({
  name,
  inputs: v.record(name, v.union([shape, v.strictObject({ shape: v.pipe(v.array(size), v.maxLength(4)), below: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(2 ** 24)) })])),
  nodes: v.pipe(
    v.array(v.strictObject({
      name,
      layer: v.string(),
      from: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
      options: v.optional(v.record(v.string(), v.unknown())),
      shares: v.optional(name),
      frozen: v.optional(v.boolean()),
    })),
    v.minLength(1),
    v.maxLength(4096),
  ),
  output: v.string(),
  heads: v.optional(v.pipe(
    v.array(v.strictObject({
      name,
      from: v.optional(v.string()),
      loss: v.looseObject({ name: v.string() }),
      target: v.optional(name),
      weight: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0))),
    })),
    v.minLength(1),
    v.maxLength(64),
  )),
})
