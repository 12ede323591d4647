// x * c
fn f_scale(x: value, c: f32) -> value { return x * c; }
