// g = gradient + weightDecay * p; v += g^2; p -= learningRate * g / (sqrt(initial + v) + epsilon).
fn step(i: u32, p: params_t, gradient: params_t) -> params_t {
  let g = gradient + h(WEIGHT_DECAY) * p;
  let square = v[i] + g * g;
  v[i] = square;
  return p - h(LEARNING_RATE) * g / (sqrt(h(INITIAL) + square) + h(EPSILON));
}
