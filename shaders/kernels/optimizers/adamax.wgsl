// g = gradient + weightDecay * p; m = beta1 * m + (1 - beta1) * g; v = max(beta2 * v, |g| + epsilon);
// p -= learningRate / correction1 * m / v.
fn step(i: u32, p: params_t, gradient: params_t) -> params_t {
  let g = gradient + h(WEIGHT_DECAY) * p;
  let mean = h(BETA1) * m[i] + (1.0 - h(BETA1)) * g;
  let largest = max(h(BETA2) * v[i], abs(g) + h(EPSILON));
  m[i] = mean;
  v[i] = largest;
  return p - (h(LEARNING_RATE) / h(CORRECTION1)) * mean / largest;
}
