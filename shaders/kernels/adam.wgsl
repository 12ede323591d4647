// m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g^2; params[SIZE] -= learningRate * (m / correction1) / (sqrt(v / correction2) + epsilon).
// hyper = learningRate, weightDecay, beta1, beta2, epsilon, correction1, correction2.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * ROW_INVOCATIONS + id.x;
  if (i >= u.SIZE / WIDTH) { return; }
  let p = params[i];
  let g = grads[i] + hyper[1] * p;
  let mean = hyper[2] * m[i] + (1.0 - hyper[2]) * g;
  let square = hyper[3] * v[i] + (1.0 - hyper[3]) * g * g;
  m[i] = mean;
  v[i] = square;
  params[i] = p - (hyper[0] / hyper[5]) * mean / (sqrt(square / hyper[6]) + hyper[4]);
}
