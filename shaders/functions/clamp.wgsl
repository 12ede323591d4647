// x, but at least low and at most high
fn f_clamp(x: value, low: f32, high: f32) -> value { return clamp(x, value(low), value(high)); }
