// x * sigmoid(x), without overflow.
fn f_silu(x: value) -> value { return x / (1.0 + exp(-max(x, value(-80.0)))); }
