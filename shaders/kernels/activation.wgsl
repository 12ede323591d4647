// activate(x) = act(x) on f32.
alias value = f32;
#include kernels/activation-codes.wgsl
