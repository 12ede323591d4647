// max(x, 0)
fn f_relu(x: value) -> value { return max(x, value(0.0)); }
