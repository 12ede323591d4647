// activate(x) = act(x) on `value`, f32 or vec4<f32>, for epilogues; the codes in u.ACT are those of src/kernels/activation.ts.
#if u.ACT == 0
fn activate(x: value) -> value { return x; }
#end
#if u.ACT == 1
#include functions/relu.wgsl
fn activate(x: value) -> value { return f_relu(x); }
#end
#if u.ACT == 2
#include functions/tanh.wgsl
fn activate(x: value) -> value { return f_tanh(x); }
#end
#if u.ACT == 3
#include functions/sigmoid.wgsl
fn activate(x: value) -> value { return f_sigmoid(x); }
#end
#if u.ACT == 4
#include functions/leaky-relu.wgsl
fn activate(x: value) -> value { return f_leaky_relu(x, 0.01); }
#end
#if u.ACT == 5
#include functions/elu.wgsl
fn activate(x: value) -> value { return f_elu(x, 1.0); }
#end
#if u.ACT == 6
#include functions/gelu.wgsl
fn activate(x: value) -> value { return f_gelu(x); }
#end
#if u.ACT == 7
#include functions/gelu-erf.wgsl
fn activate(x: value) -> value { return f_gelu_erf(x); }
#end
#if u.ACT == 8
#include functions/silu.wgsl
fn activate(x: value) -> value { return f_silu(x); }
#end
#if u.ACT == 9
#include functions/softplus.wgsl
fn activate(x: value) -> value { return f_softplus(x); }
#end
