// ln(1 + e^x) without overflow
fn f_softplus(x: value) -> value { return max(x, value(0.0)) + log(1.0 + exp(-abs(x))); }
