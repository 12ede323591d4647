// g = gradient + weightDecay * p; v = beta2 * v + (1 - beta2) * g^2; d = sqrt(s + epsilon) / sqrt(v + epsilon) * g;
// s = beta2 * s + (1 - beta2) * d^2; p -= learningRate * d.
fn step(i: u32, p: params_t, gradient: params_t) -> params_t {
  let g = gradient + h(WEIGHT_DECAY) * p;
  let square = h(BETA2) * v[i] + (1.0 - h(BETA2)) * g * g;
  let delta = sqrt(s[i] + h(EPSILON)) / sqrt(square + h(EPSILON)) * g;
  v[i] = square;
  s[i] = h(BETA2) * s[i] + (1.0 - h(BETA2)) * delta * delta;
  return p - h(LEARNING_RATE) * delta;
}
