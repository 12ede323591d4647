// tanh(x). It overflows to NaN for large arguments on some drivers, and is 1 to the last bit long before 15.
fn f_tanh(x: value) -> value { return tanh(clamp(x, value(-15.0), value(15.0))); }
