// The smaller.
fn f_min(a: value, b: value) -> value { return min(a, b); }
