// x > 0 ? x : alpha * (e^x - 1). Near 0 the difference would lose its digits: there its series.
fn f_elu(x: value, alpha: f32) -> value {
  let n = min(x, value(0.0));
  let near = n * (1.0 + n * (0.5 + n * (1.0 / 6.0 + n * (1.0 / 24.0))));
  return select(alpha * select(exp(n) - 1.0, near, n > value(-0.1)), x, x > value(0.0));
}
