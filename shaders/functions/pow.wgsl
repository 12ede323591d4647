// x^c, x >= 0
fn f_pow(x: value, c: f32) -> value { return pow(x, value(c)); }
