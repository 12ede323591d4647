// e^x
fn f_exp(x: value) -> value { return exp(x); }
