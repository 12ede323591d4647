// g = gradient + weightDecay * p; p -= learningRate * g.
fn step(i: u32, p: params_t, gradient: params_t) -> params_t {
  return p - h(LEARNING_RATE) * (gradient + h(WEIGHT_DECAY) * p);
}
