// f(y, t) and f'(y, t) on f32.
alias value_t = f32;
#include kernels/elementwise-loss/loss-kinds.wgsl
