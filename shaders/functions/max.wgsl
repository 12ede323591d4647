// The larger.
fn f_max(a: value, b: value) -> value { return max(a, b); }
