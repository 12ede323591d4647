// a - b
fn f_sub(a: value, b: value) -> value { return a - b; }
