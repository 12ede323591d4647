// What a recipe may look like where a person writes it: keys that nobody would read are refused. Whether values can work is judged
// where they are used, by optimizers, schedules and the model.
import * as v from 'valibot'

export const names = v.array(v.string())

/** A registry key, with options that its entry judges. */
export const named = v.looseObject({ name: v.string() })

const objective = v.strictObject({
  heads: v.optional(names), params: v.optional(names), optimizer: named,
  regularise: v.optional(v.strictObject({ l1: v.optional(v.number()), l2: v.optional(v.number()) })),
})

/** Of Recipe, none of which must be given. */
export const recipeEntries = {
  batchSize: v.optional(v.number()), steps: v.optional(v.number()), objectives: v.optional(v.array(objective)), schedule: v.optional(named),
  clip: v.optional(v.strictObject({ by: v.string(), limit: v.number() })), accumulate: v.optional(v.number()),
}
