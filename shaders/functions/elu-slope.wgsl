// The slope of elu where it is y.
fn f_elu_slope(y: value, alpha: f32) -> value { return select(y + alpha, value(1.0), y > value(0.0)); }
