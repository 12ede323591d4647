// 1 / (1 + e^-x), without overflow.
fn f_sigmoid(x: value) -> value { return 1.0 / (1.0 + exp(-max(x, value(-80.0)))); }
