// activate(x) = act(x) on vec4<f32>.
alias value = vec4<f32>;
#include kernels/activation-codes.wgsl
