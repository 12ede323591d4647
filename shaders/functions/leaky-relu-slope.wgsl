// The slope of leaky-relu where it is y.
fn f_leaky_relu_slope(y: value, slope: f32) -> value { return select(value(slope), value(1.0), y > value(0.0)); }
