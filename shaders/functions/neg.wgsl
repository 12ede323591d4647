// -x
fn f_neg(x: value) -> value { return -x; }
