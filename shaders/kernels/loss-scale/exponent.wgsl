// 2^exponent, by its bits: exp2 may be a little off.
fn power_of_two(exponent: f32) -> f32 { return bitcast<f32>(u32(exponent + 127.0) << 23u); }
