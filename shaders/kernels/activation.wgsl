// activate(x) = act(x), slope(y) = act'(x) given y = act(x), on f32; u.ACT: 0 linear, 1 relu, 2 tanh, 3 sigmoid.
#if u.ACT == 0
fn activate(x: f32) -> f32 { return x; }
fn slope(y: f32) -> f32 { return 1.0; }
#end
#if u.ACT == 1
fn activate(x: f32) -> f32 { return max(x, 0.0); }
fn slope(y: f32) -> f32 { return select(0.0, 1.0, y > 0.0); }
#end
#if u.ACT == 2
// tanh overflows to NaN for large arguments on some drivers; it is 1 to the last bit long before 15.
fn activate(x: f32) -> f32 { return tanh(clamp(x, -15.0, 15.0)); }
fn slope(y: f32) -> f32 { return 1.0 - y * y; }
#end
#if u.ACT == 3
fn activate(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }
fn slope(y: f32) -> f32 { return y * (1.0 - y); }
#end
