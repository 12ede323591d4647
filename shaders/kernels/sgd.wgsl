// g = grads + weightDecay * params; params[SIZE] -= learningRate * g. hyper = learningRate, weightDecay, ….
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * ROW_INVOCATIONS + id.x;
  if (i >= u.SIZE / WIDTH) { return; }
  let p = params[i];
  params[i] = p - hyper[0] * (grads[i] + hyper[1] * p);
}
