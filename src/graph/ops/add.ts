// Sum of two tensors; also how gradients of a tensor that is used several times come together.
export { add } from './pointwise.ts'
