// g = gradient + weightDecay * p; v = beta1 * v + g; p -= learningRate * (NESTEROV = 1 ? g + beta1 * v : v).
fn step(i: u32, p: params_t, gradient: params_t) -> params_t {
  let g = gradient + h(WEIGHT_DECAY) * p;
  let velocity = h(BETA1) * v[i] + g;
  v[i] = velocity;
#if u.NESTEROV == 1
  return p - h(LEARNING_RATE) * (g + h(BETA1) * velocity);
#else
  return p - h(LEARNING_RATE) * velocity;
#end
}
