// The slope of gelu-erf at x: P(x) + x * the density at x.
fn f_gelu_erf_slope(x: value) -> value {
  let z = abs(x) * 0.7071067812;
  let bell = exp(-z * z);
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let tail = 0.5 * bell * t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return select(tail, 1.0 - tail, x > value(0.0)) + x * bell * 0.3989422804;
}
