// x
fn f_copy(x: value) -> value { return x; }
