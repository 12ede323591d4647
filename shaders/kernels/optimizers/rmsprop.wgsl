// g = gradient + weightDecay * p; v = beta2 * v + (1 - beta2) * g^2; d = g / (sqrt(v) + epsilon);
// MOMENTUM = 1: m = beta1 * m + d, and d = m; p -= learningRate * d.
fn step(i: u32, p: params_t, gradient: params_t) -> params_t {
  let g = gradient + h(WEIGHT_DECAY) * p;
  let square = h(BETA2) * v[i] + (1.0 - h(BETA2)) * g * g;
  v[i] = square;
  var delta = g / (sqrt(square) + h(EPSILON));
#if u.MOMENTUM == 1
  delta += h(BETA1) * m[i];
  m[i] = delta;
#end
  return p - h(LEARNING_RATE) * delta;
}
