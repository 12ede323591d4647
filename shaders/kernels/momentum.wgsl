// g = grads + weightDecay * params; v = beta1 * v + g; params[SIZE] -= learningRate * (NESTEROV ? g + beta1 * v : v). hyper = learningRate, weightDecay, beta1, ….
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * ROW_INVOCATIONS + id.x;
  if (i >= u.SIZE / WIDTH) { return; }
  let p = params[i];
  let g = grads[i] + hyper[1] * p;
  let velocity = hyper[2] * v[i] + g;
  v[i] = velocity;
#if u.NESTEROV == 1
  params[i] = p - hyper[0] * (g + hyper[2] * velocity);
#else
  params[i] = p - hyper[0] * velocity;
#end
}
