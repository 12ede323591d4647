// a / b
fn f_div(a: value, b: value) -> value { return a / b; }
