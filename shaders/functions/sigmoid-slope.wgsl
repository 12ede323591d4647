// The slope of sigmoid where it is y.
fn f_sigmoid_slope(y: value) -> value { return y * (1.0 - y); }
