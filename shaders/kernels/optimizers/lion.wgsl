// p -= learningRate * (sign(beta1 * m + (1 - beta1) * g) + weightDecay * p); m = beta2 * m + (1 - beta2) * g.
fn step(i: u32, p: params_t, g: params_t) -> params_t {
  let direction = sign(h(BETA1) * m[i] + (1.0 - h(BETA1)) * g);
  m[i] = h(BETA2) * m[i] + (1.0 - h(BETA2)) * g;
  return p - h(LEARNING_RATE) * (direction + h(WEIGHT_DECAY) * p);
}
