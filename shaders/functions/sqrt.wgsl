// x^(1/2)
fn f_sqrt(x: value) -> value { return sqrt(x); }
