// The slope of silu at x.
fn f_silu_slope(x: value) -> value {
  let s = 1.0 / (1.0 + exp(-max(x, value(-80.0))));
  return s * (1.0 + x * (1.0 - s));
}
