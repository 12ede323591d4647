// a > 0 ? b : c
fn f_select(a: value, b: value, c: value) -> value { return select(c, b, a > value(0.0)); }
