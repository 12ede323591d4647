// g = gradient + weightDecay * p; m = beta1 * m + (1 - beta1) * g; v -= (1 - beta2) * sign(initial + v - g^2) * g^2;
// p -= learningRate * (m / correction1) / (sqrt((initial + v) / correction2) + epsilon).
fn step(i: u32, p: params_t, gradient: params_t) -> params_t {
  let g = gradient + h(WEIGHT_DECAY) * p;
  let mean = h(BETA1) * m[i] + (1.0 - h(BETA1)) * g;
  let square = v[i] - (1.0 - h(BETA2)) * sign(h(INITIAL) + v[i] - g * g) * g * g;
  m[i] = mean;
  v[i] = square;
  // Rounding may take the sum a hair below zero.
  let spread = sqrt(max(h(INITIAL) + square, params_t()) / h(CORRECTION2));
  return p - (h(LEARNING_RATE) / h(CORRECTION1)) * mean / (spread + h(EPSILON));
}
