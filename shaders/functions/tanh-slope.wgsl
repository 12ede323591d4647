// The slope of tanh where it is y.
fn f_tanh_slope(y: value) -> value { return 1.0 - y * y; }
