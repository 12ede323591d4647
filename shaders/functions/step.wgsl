// x > 0 ? 1 : 0
fn f_step(x: value) -> value { return select(value(0.0), value(1.0), x > value(0.0)); }
