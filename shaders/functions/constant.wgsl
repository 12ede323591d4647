// c
fn f_constant(c: f32) -> value { return value(c); }
