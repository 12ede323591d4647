// activate(x) = act(x), slope(y) = act'(x) given y = act(x), on vec4<f32>; u.ACT: 0 linear, 1 relu, 2 tanh, 3 sigmoid.
#if u.ACT == 0
fn activate(x: vec4<f32>) -> vec4<f32> { return x; }
fn slope(y: vec4<f32>) -> vec4<f32> { return vec4<f32>(1.0); }
#end
#if u.ACT == 1
fn activate(x: vec4<f32>) -> vec4<f32> { return max(x, vec4<f32>(0.0)); }
fn slope(y: vec4<f32>) -> vec4<f32> { return select(vec4<f32>(0.0), vec4<f32>(1.0), y > vec4<f32>(0.0)); }
#end
#if u.ACT == 2
// tanh overflows to NaN for large arguments on some drivers; it is 1 to the last bit long before 15.
fn activate(x: vec4<f32>) -> vec4<f32> { return tanh(clamp(x, vec4<f32>(-15.0), vec4<f32>(15.0))); }
fn slope(y: vec4<f32>) -> vec4<f32> { return 1.0 - y * y; }
#end
#if u.ACT == 3
fn activate(x: vec4<f32>) -> vec4<f32> { return 1.0 / (1.0 + exp(-x)); }
fn slope(y: vec4<f32>) -> vec4<f32> { return y * (1.0 - y); }
#end
