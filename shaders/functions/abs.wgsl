// |x|
fn f_abs(x: value) -> value { return abs(x); }
