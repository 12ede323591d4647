// The slope of gelu (tanh form) at x.
fn f_gelu_slope(x: value) -> value {
  let t = clamp(1.5957691216 * x * (1.0 + 0.044715 * x * x), value(-60.0), value(60.0));
  let s = 1.0 / (1.0 + exp(-t));
  return s * (1.0 + x * (1.0 - s) * 1.5957691216 * (1.0 + 0.134145 * x * x));
}
