// What the server does to every element of an update, in one pass each: looking (check) and adding (sum). Payloads stay encoded:
// both decode as they go. The results are those of src/codec and src/fed/exact-sum.ts, bit for bit.
export { inspect_f32, inspect_f16, inspect_int8 } from './inspect'
export { squares_f32, squares_f16, squares_int8 } from './squares'
export { add_updates } from './add'
export { mean } from './mean'
