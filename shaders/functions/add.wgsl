// a + b
fn f_add(a: value, b: value) -> value { return a + b; }
