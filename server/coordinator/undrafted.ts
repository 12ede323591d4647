// Reading a state that a step is about to change.
import { isDraft, original, type Draft } from 'immer'

/**
 * The state as it was before the changes under way. Looking through hundreds of volunteers or leases costs a hundred times as much
 * in a draft, which has to keep a copy of each: look here for who is concerned, where none of them has been changed yet, and
 * change only those in the draft.
 */
export const undrafted = <T>(state: T): T => (isDraft(state) ? (original(state as Draft<T>) as T) : state)
