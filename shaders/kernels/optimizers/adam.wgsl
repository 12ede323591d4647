// DECOUPLED = 1 ? p -= learningRate * weightDecay * p : g += weightDecay * p; m = beta1 * m + (1 - beta1) * g;
// v = beta2 * v + (1 - beta2) * g^2; p -= learningRate * (m / correction1) / (sqrt(v / correction2) + epsilon).
fn step(i: u32, p: params_t, gradient: params_t) -> params_t {
#if u.DECOUPLED == 1
  let g = gradient;
  let start = p - h(LEARNING_RATE) * h(WEIGHT_DECAY) * p;
#else
  let g = gradient + h(WEIGHT_DECAY) * p;
  let start = p;
#end
  let mean = h(BETA1) * m[i] + (1.0 - h(BETA1)) * g;
  let square = h(BETA2) * v[i] + (1.0 - h(BETA2)) * g * g;
  m[i] = mean;
  v[i] = square;
  return start - (h(LEARNING_RATE) / h(CORRECTION1)) * mean / (sqrt(square / h(CORRECTION2)) + h(EPSILON));
}
