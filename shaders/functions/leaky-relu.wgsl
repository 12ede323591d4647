// x > 0 ? x : slope * x
fn f_leaky_relu(x: value, slope: f32) -> value { return select(slope * x, x, x > value(0.0)); }
