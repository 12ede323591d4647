// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))), the tanh written by exp of a bounded argument
fn f_gelu(x: value) -> value {
  let t = clamp(1.5957691216 * x * (1.0 + 0.044715 * x * x), value(-60.0), value(60.0));
  return x / (1.0 + exp(-t));
}
