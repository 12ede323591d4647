// -1, 0 or 1
fn f_sign(x: value) -> value { return sign(x); }
