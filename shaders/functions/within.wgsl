// low < x < high ? 1 : 0
fn f_within(x: value, low: f32, high: f32) -> value { return select(value(0.0), value(1.0), (x > value(low)) & (x < value(high))); }
