// x^2
fn f_square(x: value) -> value { return x * x; }
