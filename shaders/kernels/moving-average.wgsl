// y[SIZE] = KEEP * y[SIZE] + TAKE * x[SIZE], factors given by their bits; WIDTH elements per invocation (1 or a vec4).
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.SIZE / WIDTH) { return; }
  y[i] = bitcast<f32>(u.KEEP) * y[i] + bitcast<f32>(u.TAKE) * x[i];
}
