// x + c
fn f_add_constant(x: value, c: f32) -> value { return x + c; }
