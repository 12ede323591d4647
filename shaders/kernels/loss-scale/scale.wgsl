// scale[N] = 2^(INITIAL + doublings); inverse[1] = 1 / scale.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N) { return; }
  let exponent = f32(u.INITIAL) + state[0];
  scale[i] = power_of_two(exponent);
  if (i == 0u) { inverse[0] = power_of_two(-exponent); }
}
