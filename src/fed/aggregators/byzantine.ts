// The option of rules that are built for a number of attackers.
import * as v from 'valibot'

/** How many updates of a round (or buckets, with `bucketing`) may be arbitrary. */
export const byzantine = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 1)
