// a * b
fn f_mul(a: value, b: value) -> value { return a * b; }
