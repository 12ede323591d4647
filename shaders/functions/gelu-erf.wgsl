// x * P(a standard normal variable < x), by erfc of Abramowitz and Stegun 7.1.26 (absolute error 1.5e-7)
fn f_gelu_erf(x: value) -> value {
  let z = abs(x) * 0.7071067812;
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let tail = 0.5 * exp(-z * z) * t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return x * select(tail, 1.0 - tail, x > value(0.0));
}
