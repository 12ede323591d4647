// 1 / x
fn f_reciprocal(x: value) -> value { return 1.0 / x; }
