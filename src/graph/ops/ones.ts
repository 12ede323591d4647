// Ones: the gradient of a sum with respect to what is summed, where a loss is differentiated as it is.
export { ones } from './pointwise.ts'
