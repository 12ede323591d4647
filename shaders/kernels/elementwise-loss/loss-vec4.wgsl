// f(y, t) and f'(y, t) on vec4<f32>.
alias value_t = vec4<f32>;
#include kernels/elementwise-loss/loss-kinds.wgsl
