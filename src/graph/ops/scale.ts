// A tensor times a number.
export { scale } from './pointwise.ts'
