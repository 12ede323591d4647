// Every kernel of the WASM runner. One file per kernel family; ../kernels/ says which kernel of a Plan calls which of these.
export { pack_columns, matmul } from './matmul'
export { convolve, filter_gradient, pack_filters, pack_turned_filters } from './conv2d'
export { max_pool, max_pool_gradient, max_pool_gradient_in_place } from './max-pool'
export { gradient_squares, optimize } from './optimizers'
export { pointwise } from './pointwise'
export { accumulate_metrics, broadcast, reduce } from './reduce'
export { softmax_cross_entropy, softmax_cross_entropy_gradient } from './softmax-cross-entropy'
