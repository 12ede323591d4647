// A model of the zoo: a spec, and a recipe that trains it.
import type { Recipe } from '../recipe.ts'
import type { ModelSpec } from '../spec.ts'

export interface ZooModel {
  /** The spec's name. */
  readonly name: string
  readonly spec: ModelSpec
  readonly recipe: Recipe
}

export const defineModel = (spec: ModelSpec, recipe: Recipe): ZooModel => ({ name: spec.name, spec, recipe })
