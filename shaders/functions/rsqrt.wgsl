// x^(-1/2)
fn f_rsqrt(x: value) -> value { return inverseSqrt(x); }
