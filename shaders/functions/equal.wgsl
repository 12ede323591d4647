// a == b ? 1 : 0
fn f_equal(a: value, b: value) -> value { return select(value(0.0), value(1.0), a == b); }
